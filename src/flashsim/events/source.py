"""How a column of ours is found in a file, and how its values are brought into our units."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Int64, Shaped

from flashsim.card import OF_THE_PAIR
from flashsim.errors import FlashSimError, nearest

from .relations import Relation

LEFT_OVER = "left over"
"""Source of a flag that asks for rows: one more for each related object that belongs to none, for which it is set."""


@dataclass(frozen=True)
class ColumnSource:
    """Where a column comes from: its name in the file, the factor to internal units (GeV, mm, ns, tesla,
    radian), and the value that stands in when a file has no such column (None: the file must have it).

    With a `relation` it is a column of the related objects (or their ``count``, ``dr``, ``deta``, ``dphi``), and the
    default, else 0, stands where there is none; the name `LEFT_OVER` asks for rows of those that belong to no object.
    """

    name: str
    factor: float = 1.0
    default: int | float | None = None
    relation: Relation | None = None

    @property
    def needs(self) -> tuple[str, ...]:
        """The columns of the file that it is made of."""
        if self.relation is None:
            return (self.name,)
        return self.relation.columns if self.name in (*OF_THE_PAIR, LEFT_OVER) else (self.name, *self.relation.columns)


def present(columns: Mapping[str, ColumnSource], known: Iterable[str], path: Path) -> dict[str, ColumnSource]:
    """The columns that the file has; one that is missing without a default is an error."""
    names = list(known)
    found: dict[str, ColumnSource] = {}
    for name, source in columns.items():
        missing = [needed for needed in source.needs if needed not in names]
        if not missing:
            found[name] = source
        elif source.default is None:
            raise missing_column(missing[0], names, path)
    return found


def missing_column(name: str, known: Iterable[str], path: Path) -> FlashSimError:
    """The error for a column that a file lacks, with the nearest name that it has."""
    names = sorted(known)
    listed = ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
    return FlashSimError(f"{path}: no column {name!r}{nearest(name, names)}; the file has {listed or 'no columns'}")


def with_defaults(
    values: Mapping[str, Shaped[np.ndarray, " objects"]], columns: Mapping[str, ColumnSource], n_objects: int
) -> dict[str, Shaped[np.ndarray, " objects"]]:
    """All asked columns in the order asked: those read, and constants for those that the file lacks."""
    return {
        name: values[name] if name in values else np.full(n_objects, source.default) for name, source in columns.items()
    }


def to_internal(
    values: np.ndarray,
    source: ColumnSource,
    path: Path,
    first_row: int,
    offsets: Int64[np.ndarray, " boundaries"] | None = None,
) -> np.ndarray:
    """Values of a column of a file, checked and in internal units.

    Numbers keep their type when the factor is 1; otherwise the product is made in float64. `first_row` is
    the row of the file (an event, where `offsets` are given; else an object) that these values start at.
    """
    if values.dtype.kind not in "biuf" or values.ndim != 1:
        raise FlashSimError(
            f"{path}: column {source.name!r} holds {_kind(values)}; a column holds one number (or flag) an object"
        )
    if values.dtype.kind == "f":
        finite = np.isfinite(values)
        if not finite.all():
            bad = np.flatnonzero(~finite)
            raise FlashSimError(
                f"{path}: column {source.name!r} has {values[bad[0]]} at {_place(int(bad[0]), first_row, offsets)} "
                f"({len(bad)} such value{'s' if len(bad) > 1 else ''} in the rows read with it); "
                "select or repair these rows before giving the file to FlashSim"
            )
    if values.dtype == np.float16:
        values = values.astype(np.float32)
    if source.factor != 1.0:
        values = values.astype(np.float64) * source.factor
    return values


def to_identity(values: np.ndarray, name: str, path: Path) -> Int64[np.ndarray, " rows"]:
    """Run or event numbers of a file as int64."""
    if values.dtype.kind not in "iu" or values.ndim != 1:
        raise FlashSimError(
            f"{path}: column {name!r} identifies events and must hold one integer a row; it holds {_kind(values)}"
        )
    if values.dtype == np.uint64 and len(values) and values.max() > np.iinfo(np.int64).max:
        raise FlashSimError(f"{path}: column {name!r} has {values.max()}, beyond the largest number {2**63 - 1}")
    return values.astype(np.int64)


def _place(index: int, first_row: int, offsets: np.ndarray | None) -> str:
    if offsets is None:
        return f"row {first_row + index}"
    event = int(np.searchsorted(offsets, index, side="right")) - 1
    return f"row {first_row + event}, object {index - int(offsets[event])}"


def _kind(values: np.ndarray) -> str:
    if values.dtype.kind in "OSU":
        return "text or nested lists"
    return f"{values.ndim}-dimensional {values.dtype}" if values.ndim != 1 else str(values.dtype)
