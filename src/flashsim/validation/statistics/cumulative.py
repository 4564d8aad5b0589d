"""Wasserstein and Kolmogorov-Smirnov distances of cumulative distributions on a grid, many at once."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

CORE_SIGMAS = 3.0
PARTS: tuple[str, ...] = ("wasserstein", "wasserstein_core", "wasserstein_tails", "kolmogorov_smirnov")


def cumulative_distances(
    grid: Float[np.ndarray, " k"], centre: float, width: float
) -> Callable[[Float[np.ndarray, "n k"], Float[np.ndarray, "n k"]], Float[np.ndarray, "n 4"]]:
    """The functional of two cumulatives: Wasserstein (whole, core within 3 robust sigma, tails beyond), and KS."""
    step = np.append(np.diff(grid), 0.0)
    in_core = np.abs(grid + step / 2 - centre) <= CORE_SIGMAS * width
    measures = np.stack([step, step * in_core, step * ~in_core], axis=1)

    def functional(left: Float[np.ndarray, "n k"], right: Float[np.ndarray, "n k"]) -> Float[np.ndarray, "n 4"]:
        difference = np.abs(left - right)
        return np.column_stack([difference @ measures, difference.max(axis=1)])

    return functional


def sliced_wasserstein(
    steps: Float[np.ndarray, "directions k"],
) -> Callable[[Float[np.ndarray, "n f"], Float[np.ndarray, "n f"]], Float[np.ndarray, "n 1"]]:
    """The mean of the Wasserstein distances along directions, f = directions · k cumulatives."""
    weights = steps.ravel() / len(steps)

    def functional(left: Float[np.ndarray, "n f"], right: Float[np.ndarray, "n f"]) -> Float[np.ndarray, "n 1"]:
        return (np.abs(left - right) @ weights)[:, None]

    return functional
