"""Values that cannot be: they are counted in the candidate, and one is too many."""

from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float

from flashsim.validation.metrics import ImpossibleCount
from flashsim.validation.views import StageView, Table

ROUNDED = 0.02
"""Radian, by which an angle may be beyond π: mantissas of few bits round π up, by 10⁻⁵ with 12 bits, 0.015 with 6."""


def positive_definite(packed: Float[np.ndarray, "n elements"]) -> Bool[np.ndarray, " n"]:
    """Whether symmetric matrices, given as lower triangles row by row, are positive definite.

    Scaled to unit diagonal first, so that the units of the elements play no role.
    """
    size = int((np.sqrt(8 * packed.shape[1] + 1) - 1) / 2)
    rows, columns = np.tril_indices(size)
    matrices = np.zeros((len(packed), size, size))
    matrices[:, rows, columns] = packed
    matrices[:, columns, rows] = packed
    diagonal = matrices[:, np.arange(size), np.arange(size)]
    good = np.asarray(np.isfinite(packed).all(axis=1) & (diagonal > 0).all(axis=1))
    scale = np.sqrt(diagonal[good])
    correlation = matrices[good] / scale[:, :, None] / scale[:, None, :]
    good[good] = np.linalg.eigvalsh(correlation)[:, 0] > 0
    return good


def impossible_values(view: StageView) -> list[ImpossibleCount]:
    """Everything that was looked for in the candidate's outputs, with how often it occurred."""
    table, rows = view.candidate, len(view.candidate)
    found: list[ImpossibleCount] = []
    for name in view.outputs:
        values = np.asarray(table.columns[name], dtype=np.float64)
        finite = np.isfinite(values)
        found.append(ImpossibleCount(f"{name} is not finite", int((~finite).sum()), rows))
        kind = view.types.get(name, "continuous")
        values = values[finite]
        if view.kind == "category":
            found.append(_count(f"{name} is none of the classes", ~np.isin(values, view.classes), rows))
        elif kind == "positive":
            found.append(_count(f"{name} ≤ 0", values <= 0, rows))
        elif kind in ("integer", "category"):
            found.append(_count(f"{name} is not an integer", values != np.rint(values), rows))
        elif kind == "flag":
            found.append(_count(f"{name} is neither 0 nor 1", ~np.isin(values, (0, 1)), rows))
        elif kind == "angle":
            found.append(_count(f"{name} is outside (−π, π]", np.abs(values) > np.pi + ROUNDED, rows))
        low, high = view.bounds.get(name, (None, None))
        if low is not None:
            found.append(_count(f"{name} < {low:g}", values < low, rows))
        if high is not None:
            found.append(_count(f"{name} > {high:g}", values > high, rows))
    for name, elements in view.covariances.items():
        packed = np.stack([np.asarray(table.columns[element], np.float64) for element in elements], axis=1)
        found.append(_count(f"{name} is not positive definite", ~positive_definite(packed), rows))
    return found


def added(first: list[ImpossibleCount], second: list[ImpossibleCount]) -> list[ImpossibleCount]:
    """The counts of two blocks together."""
    if not first:
        return second
    return [
        ImpossibleCount(one.what, one.count + other.count, one.rows + other.rows)
        for one, other in zip(first, second, strict=True)
    ]


def finite_rows(view: StageView, table: Table) -> Bool[np.ndarray, " rows"]:
    """The rows of which every output is finite: only they can be compared."""
    rows = np.ones(len(table), dtype=bool)
    for name in view.outputs:
        rows &= np.isfinite(np.asarray(table.columns[name], dtype=np.float64))
    return rows


def comparable(view: StageView) -> StageView:
    """The view without the candidate's rows that are not finite (they are counted as impossible)."""
    return replace(view, candidate=view.candidate.keep(finite_rows(view, view.candidate)))


def _count(what: str, wrong: Bool[np.ndarray, " rows"], rows: int) -> ImpossibleCount:
    return ImpossibleCount(what, int(wrong.sum()), rows)
