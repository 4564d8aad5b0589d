"""Do the class probabilities mean what they say? Reliability and expected calibration error."""

import numpy as np
from jaxtyping import Float, Int64

from flashsim.validation.metrics import CalibrationMetrics, ClassFraction, Measured, Reliability, number
from flashsim.validation.resampling import Blocks, block_sums, jackknife
from flashsim.validation.views import StageView

BINS = 15
NULL_DRAWS = 20


def expected_calibration_error(
    probability: Float[np.ndarray, "n c"], observed: Int64[np.ndarray, " n"], weights: Float[np.ndarray, " n"]
) -> float:
    """Mean over the classes of the mean |observed - predicted| frequency in 15 bins of equal content."""
    sums = _sums(probability, observed, weights, np.zeros(len(observed), dtype=np.int64), 1)
    return float(_error_from(sums[0]))


def calibration_metrics(view: StageView, blocks: Blocks, *, seed: int = 0) -> CalibrationMetrics | None:
    """Reliability per class; None when the candidate gives no probabilities.

    Finite samples make the error positive even for perfect probabilities: the null draws the classes from the
    probabilities themselves.
    """
    if view.probability is None:
        return None
    probability = view.probability.astype(np.float64)
    observed = _index(view)
    weights = view.reference.weights
    sums = _sums(probability, observed, weights, blocks.reference, blocks.count)
    whole, error = jackknife(lambda keep: _error_from(np.tensordot(keep, sums, 1)), blocks.count)
    generator = np.random.default_rng([seed, 0xECE])
    cumulative = np.cumsum(probability, axis=1)
    draws = [
        expected_calibration_error(
            probability,
            (generator.random((len(observed), 1)) * cumulative[:, -1:] > cumulative).sum(axis=1),
            weights,
        )
        for _ in range(NULL_DRAWS)
    ]
    reliability = [
        _reliability(view, position, sums[:, position], blocks.count) for position in range(len(view.classes))
    ]
    return CalibrationMetrics(
        Measured(number(whole), number(error)), Measured(number(np.mean(draws)), number(np.std(draws))), reliability
    )


def class_fractions(view: StageView, blocks: Blocks) -> list[ClassFraction]:
    """How often each class occurs in the two samples."""
    fractions = []
    for value in view.classes:
        measured = []
        for table, block in ((view.reference, blocks.reference), (view.candidate, blocks.candidate)):
            drawn = np.asarray(table.columns[view.outputs[0]]).astype(np.int64) == value
            passed = block_sums(block, blocks.count, table.weights * drawn)
            total = block_sums(block, blocks.count, table.weights)
            whole, error = jackknife(lambda keep, p=passed, t=total: (keep @ p) / (keep @ t), blocks.count)
            measured.append(Measured(number(whole), number(error)))
        fractions.append(ClassFraction(value, view.label_of_class(value), *measured))
    return fractions


def _index(view: StageView) -> Int64[np.ndarray, " n"]:
    """The position in `classes` of the class that the reference has."""
    values = np.asarray(view.reference.columns[view.outputs[0]]).astype(np.int64)
    return np.argmax(values[:, None] == np.asarray(view.classes)[None, :], axis=1)


def _sums(
    probability: Float[np.ndarray, "n c"],
    observed: Int64[np.ndarray, " n"],
    weights: Float[np.ndarray, " n"],
    block: Int64[np.ndarray, " n"],
    count: int,
) -> Float[np.ndarray, "blocks c bins 3"]:
    """Sums of weight, predicted and observed per block, class and bin of that class's probability."""
    classes = probability.shape[1]
    sums = np.zeros((count, classes, BINS, 3))
    for position in range(classes):
        predicted = probability[:, position]
        edges = np.quantile(predicted, np.linspace(0, 1, BINS + 1)[1:-1]) if len(predicted) else np.zeros(BINS - 1)
        cell = block * BINS + np.searchsorted(edges, predicted, side="right")
        for k, filling in enumerate((weights, weights * predicted, weights * (observed == position))):
            filled = np.bincount(cell, weights=filling, minlength=count * BINS)
            sums[:, position, :, k] = filled.reshape(count, BINS)
    return sums


def _error_from(sums: Float[np.ndarray, "c bins 3"]) -> Float[np.ndarray, ""]:
    difference = np.abs(sums[..., 2] - sums[..., 1]).sum(axis=-1)
    return np.asarray((difference / sums[..., 0].sum(axis=-1)).mean())


def _reliability(view: StageView, position: int, sums: Float[np.ndarray, "b bins 3"], count: int) -> Reliability:
    def observed(keep: Float[np.ndarray, " b"]) -> Float[np.ndarray, " bins"]:
        total = np.tensordot(keep, sums, 1)
        with np.errstate(invalid="ignore", divide="ignore"):
            return total[:, 2] / total[:, 0]

    frequency, error = jackknife(observed, count)
    total = sums.sum(axis=0)
    filled = np.flatnonzero(total[:, 0] > 0)
    value = view.classes[position]
    return Reliability(
        value,
        view.label_of_class(value),
        [float(total[k, 1] / total[k, 0]) for k in filled],
        [Measured(number(frequency[k]), number(error[k])) for k in filled],
    )
