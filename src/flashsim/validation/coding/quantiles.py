"""Distances and quantiles of two weighted samples of one variable, exactly."""

import numpy as np
from jaxtyping import Float


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


def _cumulative_difference(
    first: Float[np.ndarray, " n"],
    second: Float[np.ndarray, " m"],
    first_weight: Float[np.ndarray, " n"] | None,
    second_weight: Float[np.ndarray, " m"] | None,
) -> tuple[Float[np.ndarray, " k"], Float[np.ndarray, " k"]]:
    grid = np.unique(np.concatenate([first, second]))
    sums = []
    for values, weights in ((first, first_weight), (second, second_weight)):
        filled = np.bincount(np.searchsorted(grid, values), weights=weights, minlength=len(grid))
        sums.append(np.cumsum(filled))
    return grid, sums[0] / sums[0][-1] - sums[1] / sums[1][-1]
