"""Every column as small whole numbers: its place on a grid that is fixed by the first rows of both samples.

All that is measured on one variable is a sum over this grid, so that one pass over a sample of any length is
enough.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int64, Shaped
from scipy.special import ndtri

from flashsim.validation.coding.quantiles import robust_centre_and_width

RANKS = 768
EXTREMES = 96
BEYOND = 12
OUTERMOST_SIGMAS = 20.0
TAIL_SIGMAS = (3.0, 4.0, 5.0)


@dataclass(frozen=True)
class Scale:
    """The grid of one column, robust centre and width of the reference, and the mid-rank of every grid point.

    The code of a value is the first grid point that is not below it. Values beyond 20 robust sigma of the reference
    count as lying there: one outlier far away would otherwise be the whole distance, of the null as much as of the
    value, and hide everything else.
    """

    grid: Float[np.ndarray, " k"]
    centre: float
    width: float
    ranks: Float[np.ndarray, " k"]

    def code(self, values: Shaped[np.ndarray, " n"]) -> Int64[np.ndarray, " n"]:
        """The code of every value."""
        clipped = np.clip(np.asarray(values, dtype=np.float64), self.grid[0], self.grid[-1])
        return np.searchsorted(self.grid, clipped, side="left")

    def standardised(self, values: Shaped[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
        """Values in robust sigma from the centre of the reference, at most 20."""
        scaled = (np.asarray(values, dtype=np.float64) - self.centre) / self.width
        return np.clip(scaled, -OUTERMOST_SIGMAS, OUTERMOST_SIGMAS)

    @property
    def scores(self) -> Float[np.ndarray, " k"]:
        """The normal score of every code: the normal quantile of its rank among both samples."""
        return ndtri(self.ranks)


def scale_of(
    reference: Float[np.ndarray, " n"],
    candidate: Float[np.ndarray, " m"],
    weight: Float[np.ndarray, " n"],
    *,
    ranks: int = RANKS,
    extremes: int = EXTREMES,
) -> Scale:
    """The scale of a column: all its values where these are few, else so many ranks, and extremes on each side."""
    centre, width = robust_centre_and_width(reference, weight)
    low, high = centre - OUTERMOST_SIGMAS * width, centre + OUTERMOST_SIGMAS * width
    both = np.clip(np.concatenate([reference, candidate]), low, high)
    grid = np.unique(both)
    if len(grid) > ranks + 2 * extremes:
        inner = np.linspace(0, len(grid) - 1, ranks).astype(np.int64)
        outer = np.arange(extremes)
        tails = [centre + side * sigmas * width for sigmas in TAIL_SIGMAS for side in (-1, 1)]
        beyond = np.geomspace(1e-2, 1, BEYOND)  # later blocks may reach farther than the first
        below, above = grid[0] - beyond * (grid[0] - low), grid[-1] + beyond * (high - grid[-1])
        grid = np.concatenate([grid[inner], grid[outer], grid[-1 - outer], tails, below, above])
        grid = np.unique(grid)
    contents = np.bincount(np.searchsorted(grid, both, side="left"), minlength=len(grid))
    middle = (np.cumsum(contents) - contents / 2) / max(len(both), 1)
    return Scale(grid, centre, width, np.clip(middle, 0.5 / (len(both) + 1), 1 - 0.5 / (len(both) + 1)))
