"""Do the class probabilities mean what they say? Reliability, expected calibration error and Brier score."""

import numpy as np
from jaxtyping import Float, Int64

from flashsim.validation.categories.counts import class_index, grown, with_new_classes
from flashsim.validation.coding.frame import Side, per_group
from flashsim.validation.ledger import Ledger
from flashsim.validation.metrics import CalibrationMetrics, ClassFraction, Measured, Reliability, number
from flashsim.validation.statistics import GROUPS, Resampling, Sizes, combined, spread, swapped
from flashsim.validation.views import StageView

BINS = 15


def expected_calibration_error(
    probability: Float[np.ndarray, "n c"], observed: Int64[np.ndarray, " n"], weights: Float[np.ndarray, " n"]
) -> float:
    """Mean over the classes of the mean |observed - predicted| frequency in 15 bins of equal content."""
    edges = _equal_contents(probability)
    sums = _filled(probability, observed, weights, np.zeros(len(observed), dtype=np.int64), edges)
    return float(_error_of(sums.sum(axis=0, keepdims=True))[0])


class CalibrationSums:
    """Per group: weight, predicted and observed frequency in bins of every class's probability; Brier's sums.

    Beside what is observed, classes are drawn from the probabilities themselves: for a perfect classifier the two may
    be swapped, however rare a class is.
    """

    def __init__(self, first: StageView, *, seed: int = 0) -> None:
        if first.probability is None:
            raise ValueError("calibration needs class probabilities")
        self.view = first
        self.edges = _equal_contents(first.probability)
        self.sums = np.zeros((GROUPS, len(first.classes), BINS, 3))
        self.drawn = np.zeros((GROUPS, len(first.classes), BINS))
        self.brier = np.zeros((GROUPS, 3))
        self.generator = np.random.default_rng([seed, 0xECE])

    def add(self, block: StageView, side: Side) -> None:
        """Count the reference rows of a block; those of no class of the card are left out."""
        if block.probability is None:
            return
        observed = class_index(side.table.columns[block.outputs[0]], self.view.classes)
        known = observed >= 0
        probability, observed = block.probability[known].astype(np.float64), observed[known]
        weight, group = side.weight[known], side.group[known]
        self.sums += _filled(probability, observed, weight, group, self.edges)
        cumulative = np.cumsum(probability, axis=1)
        chosen = (self.generator.random((len(observed), 1)) * cumulative[:, -1:] > cumulative).sum(axis=1)
        self.drawn += _filled(probability, chosen, weight, group, self.edges)[..., 2]
        squares = ((probability - np.eye(probability.shape[1])[observed]) ** 2).sum(axis=1)
        if_perfect = (probability * (1 - probability)).sum(axis=1)
        none = np.zeros(len(group), dtype=np.int64)
        for k, filling in enumerate((weight, weight * squares, weight * if_perfect)):
            self.brier[:, k] += per_group(group, none, filling, 1)[:, 0]


def calibration_metrics(sums: CalibrationSums, drawn: Resampling, ledger: Ledger) -> CalibrationMetrics:
    """Reliability per class, expected calibration error and Brier score beside what a perfect classifier shows.

    Finite samples make the error positive even for perfect probabilities. The null flips the sign of what groups of
    events have too many or too few of every class, once their common excess is taken away.
    """
    whole, error = spread(lambda chosen: _error_of(np.tensordot(chosen, sums.sums, 1)), drawn)
    excess = sums.sums[..., 2] - sums.sums[..., 1]
    weight = sums.sums[..., 0]
    total = weight.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        common = np.nan_to_num(excess.sum(axis=0) / total)
    flipped = np.tensordot(drawn.signs[1:], excess - weight * common, 1)
    null = (np.abs(flipped).sum(axis=-1) / total.sum(axis=-1)).mean(axis=-1)
    for position, value in enumerate(sums.view.classes):
        change = drawn.signs @ (sums.sums[:, position, :, 2] - sums.drawn[:, position])
        ledger.enter("calibration", sums.view.label_of_class(value), combined(change))

    def brier(chosen: Float[np.ndarray, "n groups"]) -> Float[np.ndarray, "n 2"]:
        filled = chosen @ sums.brier
        return filled[:, 1:] / filled[:, :1]

    score, score_error = spread(brier, drawn)
    return CalibrationMetrics(
        Measured(number(whole), number(error)),
        Measured(number(null.mean()), number(null.std())),
        [_reliability(sums, position, drawn) for position in range(len(sums.view.classes))],
        Measured(number(score[0]), number(score_error[0])),
        Measured(number(score[1]), number(score_error[1])),
    )


class ClassSums:
    """Per group, the weight of every class, of both samples."""

    def __init__(self, first: StageView) -> None:
        self.view = first
        self.classes = list(first.classes)
        self.sums = np.zeros((2, GROUPS, len(first.classes)))

    def add(self, both: tuple[Side, Side]) -> None:
        """Count the rows of a block."""
        columns = [side.table.columns[self.view.outputs[0]] for side in both]
        if self.view.probability is None:
            self.classes = with_new_classes(self.classes, *columns)
            self.sums = grown(self.sums, len(self.classes))
        for k, (side, values) in enumerate(zip(both, columns, strict=True)):
            index = class_index(values, self.classes)
            known = side.weight * (index >= 0)
            self.sums[k] += per_group(side.group, np.maximum(index, 0), known, len(self.classes))


def class_fractions(sums: ClassSums, sizes: Sizes, drawn: Resampling, ledger: Ledger) -> list[ClassFraction]:
    """How often each class occurs in the two samples, and the test of all of them."""
    measured = []
    for part, size in zip(sums.sums, sizes, strict=True):
        whole, error = spread(
            lambda chosen, part=part, size=size: chosen @ part / (chosen @ size.weight)[:, None], drawn
        )
        measured.append([Measured(number(v), number(e)) for v, e in zip(whole, error, strict=True)])
    weights = float(sizes[0].weight.sum()), float(sizes[1].weight.sum())
    left, right = swapped(sums.sums[0], sums.sums[1], weights, drawn.signs)
    ledger.enter("class fractions", sums.view.outputs[0], combined(right - left))
    return [
        ClassFraction(value, sums.view.label_of_class(value), measured[0][k], measured[1][k])
        for k, value in enumerate(sums.classes)
    ]


def _equal_contents(probability: Float[np.ndarray, "n c"]) -> Float[np.ndarray, "c edges"]:
    """Inner edges of bins of equal content in every class's probability."""
    return np.quantile(probability.astype(np.float64), np.linspace(0, 1, BINS + 1)[1:-1], axis=0).T


def _filled(
    probability: Float[np.ndarray, "n c"],
    observed: Int64[np.ndarray, " n"],
    weights: Float[np.ndarray, " n"],
    group: Int64[np.ndarray, " n"],
    edges: Float[np.ndarray, "c edges"],
) -> Float[np.ndarray, "groups c bins 3"]:
    """Sums of weight, predicted and observed per group, class and bin of that class's probability."""
    sums = np.zeros((GROUPS, len(edges), BINS, 3))
    for position, edge in enumerate(edges):
        predicted = np.ascontiguousarray(probability[:, position])
        cell = np.searchsorted(edge, predicted, side="right")
        for k, filling in enumerate((weights, weights * predicted, weights * (observed == position))):
            sums[:, position, :, k] = per_group(group, cell, filling, BINS)
    return sums


def _error_of(sums: Float[np.ndarray, "n c bins 3"]) -> Float[np.ndarray, " n"]:
    difference = np.abs(sums[..., 2] - sums[..., 1]).sum(axis=-1)
    return (difference / sums[..., 0].sum(axis=-1)).mean(axis=-1)


def _reliability(sums: CalibrationSums, position: int, drawn: Resampling) -> Reliability:
    def observed(chosen: Float[np.ndarray, "n groups"]) -> Float[np.ndarray, "n bins"]:
        total = np.tensordot(chosen, sums.sums[:, position], 1)
        with np.errstate(invalid="ignore", divide="ignore"):
            return total[..., 2] / total[..., 0]

    frequency, error = spread(observed, drawn)
    total = sums.sums[:, position].sum(axis=0)
    filled = np.flatnonzero(total[:, 0] > 0)
    value = sums.view.classes[position]
    return Reliability(
        value,
        sums.view.label_of_class(value),
        [float(total[k, 1] / total[k, 0]) for k in filled],
        [Measured(number(frequency[k]), number(error[k])) for k in filled],
    )
