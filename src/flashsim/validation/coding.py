"""Every column as small whole numbers: its place on a grid that is fixed by the first rows of both samples.

All that is measured on one variable is a sum over this grid, so that one pass over a sample of any length is
enough.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float, Int64, Shaped
from scipy.special import ndtri

from flashsim.validation.binning import SPECIES, axes, bin_index, discrete_edges, round_edges
from flashsim.validation.distances import robust_centre_and_width
from flashsim.validation.statistics import GROUPS, group_of
from flashsim.validation.views import StageView, Table

FIRST_ROWS = 100_000
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
    reference: Float[np.ndarray, " n"], candidate: Float[np.ndarray, " m"], weight: Float[np.ndarray, " n"]
) -> Scale:
    """The scale of a column: all its values where these are few, else 768 ranks and 96 extremes on each side."""
    centre, width = robust_centre_and_width(reference, weight)
    low, high = centre - OUTERMOST_SIGMAS * width, centre + OUTERMOST_SIGMAS * width
    both = np.clip(np.concatenate([reference, candidate]), low, high)
    grid = np.unique(both)
    if len(grid) > RANKS + 2 * EXTREMES:
        ranks = np.linspace(0, len(grid) - 1, RANKS).astype(np.int64)
        extremes = np.arange(EXTREMES)
        tails = [centre + side * sigmas * width for sigmas in TAIL_SIGMAS for side in (-1, 1)]
        beyond = np.geomspace(1e-2, 1, BEYOND)  # later blocks may reach farther than the first
        below, above = grid[0] - beyond * (grid[0] - low), grid[-1] + beyond * (high - grid[-1])
        grid = np.concatenate([grid[ranks], grid[extremes], grid[-1 - extremes], tails, below, above])
        grid = np.unique(grid)
    contents = np.bincount(np.searchsorted(grid, both, side="left"), minlength=len(grid))
    middle = (np.cumsum(contents) - contents / 2) / max(len(both), 1)
    return Scale(grid, centre, width, np.clip(middle, 0.5 / (len(both) + 1), 1 - 0.5 / (len(both) + 1)))


@dataclass(frozen=True)
class Frame:
    """What a stage is measured in: scales of its columns and edges of the axes to bin in."""

    view: StageView
    scales: Mapping[str, Scale]
    axes: Mapping[str, Float[np.ndarray, " edges"]]
    species: list[int]

    @property
    def names(self) -> list[str]:
        """Conditions and outputs."""
        return list(self.scales)


def frame_of(first: StageView) -> Frame:
    """The frame that the first rows of a stage give."""
    names = list(dict.fromkeys([*first.conditions, *first.outputs]))
    scales = {
        name: scale_of(
            np.asarray(first.reference.columns[name], np.float64),
            np.asarray(first.candidate.columns[name], np.float64),
            first.reference.weights,
        )
        for name in names
    }
    edges = {}
    for axis in axes(first):
        values = column(first.reference, axis)
        edges[axis] = discrete_edges(values) if len(np.unique(values)) <= 12 else round_edges(values)
    both = SPECIES in first.reference.binning and SPECIES in first.candidate.binning
    species = [int(value) for value in np.unique(first.reference.binning[SPECIES])] if both else []
    return Frame(first, scales, edges, species)


@dataclass(frozen=True)
class Side:
    """One sample's rows of a block: their group, weight, codes, and bins of the axes."""

    table: Table
    group: Int64[np.ndarray, " n"]
    weight: Float[np.ndarray, " n"]
    codes: dict[str, Int64[np.ndarray, " n"]] = field(default_factory=dict)
    bins: dict[str, Int64[np.ndarray, " n"]] = field(default_factory=dict)


def sides(frame: Frame, block: StageView) -> tuple[Side, Side]:
    """Both samples of a block in the frame's codes."""
    made = []
    for table in (block.reference, block.candidate):
        codes = {name: scale.code(table.columns[name]) for name, scale in frame.scales.items()}
        bins = {axis: bin_index(column(table, axis), edges) for axis, edges in frame.axes.items()}
        made.append(Side(table, group_of(table.event), table.weights, codes, bins))
    return made[0], made[1]


def column(table: Table, name: str) -> Float[np.ndarray, " n"]:
    """A binning variable, or a column."""
    return np.asarray(table.binning[name] if name in table.binning else table.columns[name], dtype=np.float64)


def per_group(
    group: Int64[np.ndarray, " n"], cell: Int64[np.ndarray, " n"], weight: Float[np.ndarray, " n"], cells: int
) -> Float[np.ndarray, "groups cells"]:
    """The weight in every cell, per group."""
    filled = np.bincount(group * cells + cell, weights=weight, minlength=GROUPS * cells)
    return filled.reshape(GROUPS, cells)
