"""Distances between two weighted samples of one variable, each beside its null.

The protocol, the same for every distance d: for each of 20 random halvings of the events, A and B,

    value = mean of d(reference in A, candidate in B) and d(reference in B, candidate in A)
    null  = mean of d(reference in A, reference in B) * sqrt((1/n_A + 1/m_B) / (1/n_A + 1/n_B))

where n and m are effective sizes (sum w)^2 / sum w^2, so that a candidate of another size than the reference is
compared with what its size allows. A perfect candidate has value / null = 1 on average, whatever the sizes.
Values beyond 20 robust sigma of the reference count as lying there: one outlier far away would otherwise be the
whole distance, of the null as much as of the value, and hide everything else.
"""

import numpy as np
from jaxtyping import Float, Int64

from flashsim.validation.metrics import Distance, Measured, number
from flashsim.validation.resampling import Blocks, block_sums, jackknife

GRID = 1200
EXTREMES = 150
CORE_SIGMAS = 3.0
OUTERMOST_SIGMAS = 20.0


def wasserstein(
    first: Float[np.ndarray, " n"],
    second: Float[np.ndarray, " m"],
    first_weight: Float[np.ndarray, " n"] | None = None,
    second_weight: Float[np.ndarray, " m"] | None = None,
) -> float:
    """The Wasserstein-1 distance: the area between the two cumulative distributions, exactly."""
    grid, difference = _cumulative_difference(first, second, first_weight, second_weight)
    return float(np.abs(difference[:-1]) @ np.diff(grid))


def kolmogorov_smirnov(
    first: Float[np.ndarray, " n"],
    second: Float[np.ndarray, " m"],
    first_weight: Float[np.ndarray, " n"] | None = None,
    second_weight: Float[np.ndarray, " m"] | None = None,
) -> float:
    """The Kolmogorov-Smirnov distance: the largest difference of the cumulative distributions, exactly."""
    _, difference = _cumulative_difference(first, second, first_weight, second_weight)
    return float(np.abs(difference).max())


def robust_centre_and_width(values: Float[np.ndarray, " n"], weights: Float[np.ndarray, " n"]) -> tuple[float, float]:
    """Median and half the central 68.27 % interval; the standard deviation where that interval is empty."""
    low, centre, high = weighted_quantiles(values, weights, np.array([0.15865, 0.5, 0.84135]))
    width = (high - low) / 2
    if width <= 0:
        mean = np.average(values, weights=weights)
        width = float(np.sqrt(max(np.average((values - mean) ** 2, weights=weights), 0.0)))
    return float(centre), float(width) if width > 0 else 1.0


def weighted_quantiles(
    values: Float[np.ndarray, " n"], weights: Float[np.ndarray, " n"], levels: Float[np.ndarray, " q"]
) -> Float[np.ndarray, " q"]:
    """Quantiles of a weighted sample; the cumulative is made monotone where weights are negative."""
    order = np.argsort(values, kind="stable")
    cumulative = np.maximum.accumulate(np.cumsum(weights[order]))
    middle = cumulative - weights[order] / 2
    return np.interp(levels * cumulative[-1], np.maximum.accumulate(middle), values[order])


def distances_with_null(
    reference: Float[np.ndarray, " n"],
    candidate: Float[np.ndarray, " m"],
    reference_weight: Float[np.ndarray, " n"],
    candidate_weight: Float[np.ndarray, " m"],
    blocks: Blocks,
) -> dict[str, Distance]:
    """Wasserstein (whole, core within 3 robust sigma, tails beyond) and KS, with null, ratio and errors."""
    centre, width = robust_centre_and_width(reference, reference_weight)
    outermost = (centre - OUTERMOST_SIGMAS * width, centre + OUTERMOST_SIGMAS * width)
    reference, candidate = np.clip(reference, *outermost), np.clip(candidate, *outermost)
    grid = _grid(reference, candidate)
    step = np.append(np.diff(grid), 0.0)
    in_core = np.abs(grid + step / 2 - centre) <= CORE_SIGMAS * width
    measures = np.stack([step, step * in_core, step * ~in_core], axis=1)
    cumulative_reference = _cumulative(reference, reference_weight, blocks.reference, blocks.count, grid)
    cumulative_candidate = _cumulative(candidate, candidate_weight, blocks.candidate, blocks.count, grid)
    reference_squares = block_sums(blocks.reference, blocks.count, reference_weight**2)
    candidate_squares = block_sums(blocks.candidate, blocks.count, candidate_weight**2)
    first = np.concatenate([blocks.halves, ~blocks.halves]).astype(np.float64)
    second = 1.0 - first

    def compare(left: Float[np.ndarray, "s k"], right: Float[np.ndarray, "s k"]) -> Float[np.ndarray, "s 4"]:
        difference = np.abs(left / left[:, -1:] - right / right[:, -1:])
        return np.column_stack([difference @ measures, difference.max(axis=1)])

    def value_null_ratio(multiplicity: Float[np.ndarray, " blocks"]) -> Float[np.ndarray, "3 4"]:
        a, b = first * multiplicity, second * multiplicity
        in_a, in_b, candidate_in_b = a @ cumulative_reference, b @ cumulative_reference, b @ cumulative_candidate
        n_a = in_a[:, -1] ** 2 / (a @ reference_squares)
        n_b = in_b[:, -1] ** 2 / (b @ reference_squares)
        m_b = candidate_in_b[:, -1] ** 2 / (b @ candidate_squares)
        scale = np.sqrt((1 / n_a + 1 / m_b) / (1 / n_a + 1 / n_b))[:, None]
        half = len(first) // 2  # the null is symmetric in A and B: half of the rows say it all
        value = compare(in_a, candidate_in_b).mean(axis=0)
        null = (compare(in_a[:half], in_b[:half]) * (scale[:half] + scale[half:]) / 2).mean(axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.stack([value, null, value / null])

    whole, error = jackknife(value_null_ratio, blocks.count)
    names = ("wasserstein", "wasserstein_core", "wasserstein_tails", "kolmogorov_smirnov")
    return {
        name: Distance(*(Measured(number(whole[row, k]), number(error[row, k])) for row in range(3)))
        for k, name in enumerate(names)
    }


def _grid(first: Float[np.ndarray, " n"], second: Float[np.ndarray, " m"]) -> Float[np.ndarray, " k"]:
    """Where cumulatives are compared: all distinct values, or 1200 ranks and 150 extremes on each side."""
    values = np.unique(np.concatenate([first, second]))
    if len(values) <= GRID + 2 * EXTREMES:
        return values
    ranks = np.linspace(0, len(values) - 1, GRID).astype(np.int64)
    extremes = np.arange(EXTREMES)
    return values[np.unique(np.concatenate([extremes, ranks, len(values) - 1 - extremes]))]


def _cumulative(
    values: Float[np.ndarray, " n"],
    weights: Float[np.ndarray, " n"],
    block: Int64[np.ndarray, " n"],
    count: int,
    grid: Float[np.ndarray, " k"],
) -> Float[np.ndarray, "blocks k"]:
    """The weight of each block at or below every grid point."""
    position = np.searchsorted(grid, values, side="left")
    histogram = np.bincount(block * len(grid) + position, weights=weights, minlength=count * len(grid))
    return np.cumsum(histogram.reshape(count, len(grid)), axis=1)


def _cumulative_difference(
    first: Float[np.ndarray, " n"],
    second: Float[np.ndarray, " m"],
    first_weight: Float[np.ndarray, " n"] | None,
    second_weight: Float[np.ndarray, " m"] | None,
) -> tuple[Float[np.ndarray, " k"], Float[np.ndarray, " k"]]:
    grid = np.unique(np.concatenate([first, second]))
    sums = []
    for values, weights in ((first, first_weight), (second, second_weight)):
        zero = np.zeros(len(values), dtype=np.int64)
        sums.append(_cumulative(values, np.ones(len(values)) if weights is None else weights, zero, 1, grid)[0])
    return grid, sums[0] / sums[0][-1] - sums[1] / sums[1][-1]
