"""A block of both samples in codes: every column on its grid, every object in its group and bins."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float, Int64

from flashsim.validation.coding.binning import SPECIES, axes, bin_index, discrete_edges, round_edges
from flashsim.validation.coding.scales import Scale, scale_of
from flashsim.validation.statistics import GROUPS, group_of
from flashsim.validation.views import StageView, Table

FIRST_ROWS = 100_000


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
    return filled.reshape(GROUPS, cells).astype(np.float64, copy=False)  # of no rows, bincount makes integers
