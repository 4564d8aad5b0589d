"""Efficiencies of a category stage in bins of two variables, per class and species, and their pulls.

The candidate is drawn for the same truth objects as the reference, so the reference count k of a bin is compared
with what the candidate's class probabilities p_i of those very objects make of it: mean sum p_i and variance
sum p_i (1 - p_i), as a binomial of that mean and variance. Without probabilities, the two counts are compared by
Fisher's exact test. Either way the pull is the normal quantile of the mid-p value, so that bins with few objects
count at their true significance. Weighted samples are scaled to their effective size.
"""

import math

import numpy as np
from jaxtyping import Float
from scipy.special import betainc, betaincinv, ndtri
from scipy.stats import hypergeom

from flashsim.validation.binning import SPECIES, axes, axis_values, bin_index, round_edges
from flashsim.validation.metrics import EfficiencyMap, EfficiencyMetrics, Grid, Measured, number
from flashsim.validation.views import StageView

MINIMUM_OBJECTS = 20
WITHIN = 3.0
LARGEST_PULL = 10.0
ONE_SIGMA = 0.15865
SMOOTH_VARIANCE = 3.0


def clopper_pearson(
    passed: Float[np.ndarray, "..."], total: Float[np.ndarray, "..."]
) -> tuple[Float[np.ndarray, "..."], Float[np.ndarray, "..."]]:
    """The central 68.27 % Clopper-Pearson interval of an efficiency."""
    passed, failed = np.clip(passed, 0, total), np.clip(total - passed, 0, total)
    low = np.where(passed > 0, betaincinv(np.maximum(passed, 1e-9), failed + 1, ONE_SIGMA), 0.0)
    high = np.where(failed > 0, betaincinv(passed + 1, np.maximum(failed, 1e-9), 1 - ONE_SIGMA), 1.0)
    return low, high


def pull_from_probabilities(
    passed: Float[np.ndarray, "..."], mean: Float[np.ndarray, "..."], variance: Float[np.ndarray, "..."]
) -> Float[np.ndarray, "..."]:
    """The pull of observed counts against a binomial of the predicted mean and variance (mid-p)."""
    mean = np.maximum(mean, 1e-12)
    failing = np.clip(variance / mean, 1e-12, 1 - 1e-12)
    trials = mean / (1 - failing)

    def at_most(count: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
        inside = np.clip(trials - count, 1e-9, None)
        below = betainc(inside, np.maximum(count, -0.999999) + 1, failing)
        return np.where(count < 0, 0.0, np.where(count >= trials, 1.0, below))

    return _pull((at_most(passed - 1) + at_most(passed)) / 2)


def pull_from_counts(
    passed: Float[np.ndarray, "..."],
    total: Float[np.ndarray, "..."],
    other_passed: Float[np.ndarray, "..."],
    other_total: Float[np.ndarray, "..."],
) -> Float[np.ndarray, "..."]:
    """The pull between two counted efficiencies: Fisher's exact test (mid-p)."""
    passed, total, other_passed, other_total = (
        np.rint(counts).astype(np.int64) for counts in (passed, total, other_passed, other_total)
    )
    both = (total + other_total, passed + other_passed, total)
    return _pull((hypergeom.cdf(passed - 1, *both) + hypergeom.cdf(passed, *both)) / 2)


def efficiency_metrics(view: StageView) -> EfficiencyMetrics:
    """All maps of a stage. With species, coverage is counted in the maps per species, else in the total ones."""
    binned = axes(view)[:2]
    if not binned:
        return EfficiencyMetrics(
            [], Measured(None), 0, 0, Measured(None), Measured(None), expected_from_probabilities=False
        )
    values = [axis_values(view, axis) for axis in binned]
    edges = [round_edges(first) for first, _ in values]
    shape = tuple(len(edge) - 1 for edge in edges)
    cells = [
        np.ravel_multi_index([bin_index(value[side], edge) for value, edge in zip(values, edges, strict=True)], shape)
        for side in (0, 1)
    ]
    species = view.reference.binning.get(SPECIES)
    groups: list[int | None] = [None]
    if species is not None and SPECIES in view.candidate.binning:
        groups += [int(value) for value in np.unique(species)]
    # With two classes the second says everything; with more, all are judged.
    classes = view.classes[1:] if len(view.classes) == 2 else view.classes
    maps: list[EfficiencyMap] = []
    judged: list[np.ndarray] = []
    spread: list[np.ndarray] = []  # pulls where enough is expected for them to be nearly continuous
    for value in classes:
        for group in groups:
            made, pulls, variance = _map(view, value, group, binned, edges, cells)
            maps.append(made)
            if group is not None or len(groups) == 1:
                judged.append(pulls[np.isfinite(pulls)])
                spread.append(pulls[np.isfinite(pulls) & (variance >= SMOOTH_VARIANCE)])
    pulls = np.concatenate(judged) if judged else np.array([])
    smooth = np.concatenate(spread) if spread else np.array([])
    within = int((np.abs(pulls) <= WITHIN).sum())
    n = len(pulls)
    if n == 0:
        return EfficiencyMetrics(
            maps, Measured(None), 0, 0, Measured(None), Measured(None), expected_from_probabilities=False
        )
    covered = within / n
    return EfficiencyMetrics(
        maps,
        Measured(covered, float(np.sqrt(max(covered * (1 - covered), 1 / n) / n))),
        n,
        within,
        *_mean_and_width(smooth),
        view.probability is not None,
    )


def _map(
    view: StageView,
    value: int,
    group: int | None,
    binned: list[str],
    edges: list[np.ndarray],
    cells: list[np.ndarray],
) -> tuple[EfficiencyMap, Float[np.ndarray, "x *y"], Float[np.ndarray, "x *y"]]:
    """One map, its pulls (NaN where there are too few objects), and the expected variance of its counts."""
    shape = tuple(len(edge) - 1 for edge in edges)
    counts = []
    for table, cell in zip((view.reference, view.candidate), cells, strict=True):
        chosen = np.ones(len(table)) if group is None else (table.binning[SPECIES] == group).astype(np.float64)
        weight = table.weights * chosen
        drawn = np.asarray(table.columns[view.outputs[0]]).astype(np.int64) == value
        total, squares, passed = (
            np.bincount(cell, weights=filling, minlength=int(np.prod(shape))).reshape(shape)
            for filling in (weight, weight**2, weight * drawn)
        )
        scale = np.divide(total, squares, out=np.zeros(shape), where=squares > 0)  # to effective counts
        counts.append((passed * scale, total * scale, scale))
    (passed, total, scale), (other_passed, other_total, _) = counts
    with np.errstate(invalid="ignore", divide="ignore"):
        efficiency, other = passed / total, other_passed / other_total
        if view.probability is None:
            pulls = pull_from_counts(passed, total, other_passed, other_total)
            variance = total * other * (1 - other)
            enough = (total >= MINIMUM_OBJECTS) & (other_total >= MINIMUM_OBJECTS)
        else:
            chosen = 1.0 if group is None else (view.reference.binning[SPECIES] == group).astype(np.float64)
            weight = view.reference.weights * chosen
            probability = view.probability[:, view.classes.index(value)].astype(np.float64)
            mean, variance = (
                np.bincount(cells[0], weights=filling, minlength=int(np.prod(shape))).reshape(shape)
                for filling in (weight * probability, weight**2 * probability * (1 - probability))
            )
            mean, variance = mean * scale, variance * scale**2
            other = mean / total
            pulls = pull_from_probabilities(passed, mean, variance)
            enough = total >= MINIMUM_OBJECTS
    low, high = clopper_pearson(passed, total)
    pulls = np.where(enough, pulls, np.nan)
    return (
        EfficiencyMap(
            value,
            view.label_of_class(value),
            "" if group is None else view.label_of_species(group),
            binned,
            [view.unit(axis) for axis in binned],
            [edge.tolist() for edge in edges],
            *(_grid(array, enough) for array in (total, efficiency, low, high, other, pulls)),
        ),
        pulls,
        variance,
    )


def _mean_and_width(pulls: Float[np.ndarray, " n"]) -> tuple[Measured, Measured]:
    n = len(pulls)
    if n < 2:
        return Measured(None), Measured(None)
    width = float(pulls.std(ddof=1))
    return Measured(float(pulls.mean()), width / math.sqrt(n)), Measured(width, width / math.sqrt(2 * n))


def _pull(probability: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
    return np.clip(ndtri(np.clip(probability, 0.0, 1.0)), -LARGEST_PULL, LARGEST_PULL)


def _grid(array: Float[np.ndarray, "..."], enough: np.ndarray) -> Grid:
    shown = np.where(enough, array, np.nan)
    return [[number(round(float(cell), 6)) for cell in row] for row in shown.reshape(shown.shape[0], -1)]
