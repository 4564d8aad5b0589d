"""All variables of a stage together: energy, sliced Wasserstein, Fréchet and kernel distances, and correlations.

They are measured on a bounded part of whole events, in normal scores (the normal quantile of a value's rank among
both samples), in which no unit and no outlier matters.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int64

from flashsim.validation.coding.frame import Frame
from flashsim.validation.ledger import ALL, Ledger
from flashsim.validation.metrics import Distance, JointMetric
from flashsim.validation.statistics import FULL, GROUPS, GroupSums, Resampling, beside_null, group_of, swap_distances
from flashsim.validation.statistics.cumulative import sliced_wasserstein
from flashsim.validation.statistics.frechet import frechet_distance, moments
from flashsim.validation.statistics.nulls import Functional
from flashsim.validation.statistics.pairwise import Kernel, energy, pair_sums, polynomial, quadratic_distance
from flashsim.validation.views import StageView, Table

DIRECTIONS = 32
SLICES = 50

TITLES = {
    "rank correlation": ("difference of rank correlations (root mean square)", "Spearman (1904)"),
    "covariance": ("difference of covariances, in robust σ² (root mean square)", ""),
    "sliced Wasserstein": ("sliced Wasserstein distance", "Bonneel et al. (2015)"),
    "energy distance": ("energy distance (root)", "Székely and Rizzo (2013)"),
    "Fréchet distance": ("Fréchet physics distance (root)", "Kansal et al., arXiv:2211.10295"),
    "kernel distance": ("kernel physics distance (root), polynomial kernel of degree 4", "arXiv:2211.10295"),
}


@dataclass(frozen=True)
class Scored:
    """The rows of one sample in normal scores."""

    values: Float[np.ndarray, "n d"]
    weight: Float[np.ndarray, " n"]
    group: Int64[np.ndarray, " n"]

    def first(self, rows: Int64[np.ndarray, " k"]) -> "Scored":
        """Some of the rows."""
        return Scored(self.values[rows], self.weight[rows], self.group[rows])

    def sums(self, features: Float[np.ndarray, "n f"]) -> GroupSums:
        """Sums of features per group."""
        order = np.argsort(self.group, kind="stable")
        filled, starts = np.unique(self.group[order], return_index=True)
        columns = np.column_stack([features, np.ones(len(features)), self.weight])[order] * self.weight[order, None]
        sums = np.zeros((GROUPS, columns.shape[1]))
        sums[filled] = np.add.reduceat(columns, starts, axis=0)
        return GroupSums(sums[:, :-2], sums[:, -2], sums[:, -1])


def scored(frame: Frame, table: Table) -> Scored:
    """A table in normal scores of conditions and outputs; a column that is constant is left out."""
    scales = {name: scale for name, scale in frame.scales.items() if len(scale.grid) > 1}
    columns = [scale.scores[scale.code(table.columns[name])] for name, scale in scales.items()]
    return Scored(np.stack(columns, axis=1), table.weights, group_of(table.event))


def joint_metrics(
    frame: Frame,
    kept: StageView,
    matrices: dict[str, Distance],
    drawn: Resampling,
    ledger: Ledger,
    *,
    seed: int = 0,
    pair_rows: int = FULL.pair_rows,
) -> list[JointMetric]:
    """All joint distances; `matrices` are those of correlations, measured on all rows."""
    both = scored(frame, kept.reference), scored(frame, kept.candidate)
    generator = np.random.default_rng([seed, 0x101])
    fewer = _few(both, generator, pair_rows)
    found = {name: (distance, "on all objects") for name, distance in matrices.items()}
    for name, part, made in (
        ("sliced Wasserstein", both, lambda: _sliced(both, generator)),
        ("Fréchet distance", both, lambda: _frechet(both)),
        ("energy distance", fewer, lambda: _pairs(energy, fewer)),
        ("kernel distance", fewer, lambda: _pairs(polynomial, fewer)),
    ):
        functional, reference, candidate = made()
        distance = beside_null(functional, reference, candidate, drawn)[0]
        ledger.enter(name, ALL, swap_distances(functional, reference, candidate, drawn)[:, 0])
        rows = f"on {len(part[0].values):,} and {len(part[1].values):,} objects in normal scores"
        found[name] = (distance, rows)
    return [
        JointMetric(
            name,
            TITLES[name][0],
            distance.value,
            distance.null,
            distance.over_null,
            None,
            None,
            remark,
            TITLES[name][1],
        )
        for name, (distance, remark) in found.items()
    ]


Made = tuple[Functional, GroupSums, GroupSums]


def _sliced(both: tuple[Scored, Scored], generator: np.random.Generator) -> Made:
    """Cumulatives along random directions, on quantiles of both samples."""
    size = both[0].values.shape[1]
    directions = generator.standard_normal((DIRECTIONS, size))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    projected = [side.values @ directions.T for side in both]
    grids = np.quantile(np.concatenate(projected), (np.arange(SLICES) + 0.5) / SLICES, axis=0).T
    steps = np.diff(grids, axis=1)
    sums = []
    for side, projection in zip(both, projected, strict=True):
        counts = np.zeros((GROUPS, DIRECTIONS, SLICES))
        for k, grid in enumerate(grids):
            cell = np.searchsorted(grid, projection[:, k], side="left")
            filled = np.bincount(side.group * (SLICES + 1) + cell, side.weight, GROUPS * (SLICES + 1))
            counts[:, k] = filled.reshape(GROUPS, SLICES + 1)[:, :SLICES]
        features = np.cumsum(counts, axis=2)[:, :, :-1].reshape(GROUPS, -1)
        totals = side.sums(np.zeros((len(side.values), 0)))
        sums.append(GroupSums(features, totals.weight, totals.squares))
    return sliced_wasserstein(steps), sums[0], sums[1]


def _frechet(both: tuple[Scored, Scored]) -> Made:
    reference, candidate = (side.sums(moments(side.values)) for side in both)
    return frechet_distance, reference, candidate


def _pairs(kernel: Kernel, both: tuple[Scored, Scored]) -> Made:
    """Energy or kernel distance: the features of a group are its own weight, in its cell of the pair sums."""
    values = np.concatenate([side.values for side in both])
    weight = np.concatenate([side.weight for side in both])
    cell = np.concatenate([both[0].group, both[1].group + GROUPS])
    sums = pair_sums(kernel, values, weight, cell, 2 * GROUPS)
    made = []
    for k, side in enumerate(both):
        totals = side.sums(np.zeros((len(side.values), 0)))
        cells = np.eye(GROUPS, 2 * GROUPS, k * GROUPS)
        made.append(GroupSums(cells, totals.weight, totals.squares))
    return quadratic_distance(sums), made[0], made[1]


def _few(both: tuple[Scored, Scored], generator: np.random.Generator, most: int) -> tuple[Scored, Scored]:
    """At most so many rows of each sample that all pairs can be looked at."""
    made = []
    for side in both:
        rows = np.sort(generator.permutation(len(side.values))[:most])
        made.append(side.first(rows))
    return made[0], made[1]
