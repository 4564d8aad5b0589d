"""Efficiencies of a category stage in bins of one and of two variables, per class and species, and their pulls.

The candidate is drawn for the same truth objects as the reference, so the reference count k of a bin is compared
with what the candidate's class probabilities p_i of those very objects make of it: mean sum p_i and variance
sum p_i (1 - p_i), as a binomial of that mean and variance. Without probabilities, the two counts are compared by
Fisher's exact test. Either way the pull is the normal quantile of the mid-p value, so that bins with few objects
count at their true significance. Weighted samples are scaled to their effective size.
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from flashsim.validation.categories.counts import MapSums
from flashsim.validation.ledger import Ledger
from flashsim.validation.metrics import EfficiencyMap, EfficiencyMetrics, Grid, Measured, number
from flashsim.validation.statistics import Resampling, Sizes, combined, swapped
from flashsim.validation.statistics.binomial import clopper_pearson, pull_from_counts, pull_from_probabilities

MINIMUM_OBJECTS = 20
WITHIN = 3.0
SMOOTH_VARIANCE = 3.0


@dataclass(frozen=True)
class Pulls:
    """The pulls of one map (NaN where there are too few objects), and the expected variances of its counts."""

    values: Float[np.ndarray, " cells"]
    variance: Float[np.ndarray, " cells"]


def efficiency_metrics(maps: list[MapSums]) -> EfficiencyMetrics:
    """All maps of a stage. With species, coverage is counted in the maps per species, else in the total ones."""
    found = EfficiencyMetrics(
        [], Measured(None), 0, 0, Measured(None), Measured(None), expected_from_probabilities=False
    )
    if not maps:
        return found
    made = {id(one): _maps(one) for one in maps}
    widest = max(maps, key=lambda one: len(one.axes))
    judged = [pulls for _, pulls, counted in made[id(widest)] if counted]
    pulls = np.concatenate([part.values[np.isfinite(part.values)] for part in judged])
    # Widths are taken where enough is expected for pulls to be nearly continuous.
    smooth = np.concatenate(
        [part.values[np.isfinite(part.values) & (part.variance >= SMOOTH_VARIANCE)] for part in judged]
    )
    within, n = int((np.abs(pulls) <= WITHIN).sum()), len(pulls)
    covered = within / n if n else 0.0
    return EfficiencyMetrics(
        [entry for one in maps if len(one.axes) == 2 for entry, _, _ in made[id(one)]],
        Measured(covered, float(np.sqrt(max(covered * (1 - covered), 1 / n) / n))) if n else Measured(None),
        n,
        within,
        *_mean_and_width(smooth),
        expected_from_probabilities=widest.predicted is not None and n > 0,
        projections=[entry for one in maps if len(one.axes) == 1 for entry, _, _ in made[id(one)]],
    )


def efficiency_tests(maps: list[MapSums], sizes: Sizes, drawn: Resampling, ledger: Ledger) -> None:
    """A test of every class in every map, and per species."""
    weights = float(sizes[0].weight.sum()), float(sizes[1].weight.sum())
    for one in maps:
        totals = swapped(one.grouped_total[0], one.grouped_total[1], weights, drawn.signs)
        for position, value in enumerate(one.classes):
            if not one.judged(value):
                continue
            counts = one.grouped_passed[..., position]
            passed = swapped(counts[0], counts[1], weights, drawn.signs)
            with np.errstate(invalid="ignore", divide="ignore"):
                change = passed[1] / totals[1] - passed[0] / totals[0]
            where = " and ".join(one.axes)
            ledger.enter("efficiency", f"{one.view.label_of_class(value)} in bins of {where}", combined(change))


def _maps(one: MapSums) -> list[tuple[EfficiencyMap, Pulls, bool]]:
    """The maps of all judged classes, for all objects and per species, and whether its bins count in the coverage."""
    species: list[int | None] = [None, *one.species] if len(one.axes) == 2 else [None]
    made = []
    for value in one.classes:
        if one.judged(value):
            made += [(*_map(one, value, group), group is not None or len(species) == 1) for group in species]
    return made


def _map(one: MapSums, value: int, group: int | None) -> tuple[EfficiencyMap, Pulls]:
    position = one.classes.index(value)
    row = slice(None) if group is None else slice(one.species.index(group), one.species.index(group) + 1)
    sums = [[part[row].sum(axis=0) for part in (side.total, side.squares)] for side in one.counts]
    passing = [side.passed[row, :, position].sum(axis=0) for side in one.counts]
    scales = [np.divide(t, s, out=np.zeros_like(t), where=s > 0) for t, s in sums]  # to effective counts
    (passed, total), (other_passed, other_total) = (
        (p * scale, t * scale) for p, (t, _), scale in zip(passing, sums, scales, strict=True)
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        efficiency, other = passed / total, other_passed / other_total
        if one.predicted is None:
            pulls = pull_from_counts(passed, total, other_passed, other_total)
            variance = total * other * (1 - other)
            enough = (total >= MINIMUM_OBJECTS) & (other_total >= MINIMUM_OBJECTS)
        else:
            mean = one.predicted[row, :, position, 0].sum(axis=0) * scales[0]
            variance = one.predicted[row, :, position, 1].sum(axis=0) * scales[0] ** 2
            other = mean / total
            pulls = pull_from_probabilities(passed, mean, variance)
            enough = total >= MINIMUM_OBJECTS
    low, high = clopper_pearson(passed, total)
    other_low, other_high = clopper_pearson(other_passed, other_total)
    pulls = np.where(enough, pulls, np.nan)

    def grid(array: Float[np.ndarray, " cells"]) -> Grid:
        cells = np.where(enough, array, np.nan).reshape(one.shape[0], -1)
        return [[number(round(float(cell), 6)) for cell in line] for line in cells]

    return (
        EfficiencyMap(
            value,
            one.view.label_of_class(value),
            "" if group is None else one.view.label_of_species(group),
            one.axes,
            [one.view.unit(axis) for axis in one.axes],
            [edge.tolist() for edge in one.edges],
            *(grid(array) for array in (total, efficiency, low, high, other, pulls, other_low, other_high)),
        ),
        Pulls(pulls, variance),
    )


def _mean_and_width(pulls: Float[np.ndarray, " n"]) -> tuple[Measured, Measured]:
    n = len(pulls)
    if n < 2:
        return Measured(None), Measured(None)
    width = float(pulls.std(ddof=1))
    return Measured(float(pulls.mean()), width / math.sqrt(n)), Measured(width, width / math.sqrt(2 * n))
