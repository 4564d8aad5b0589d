"""Events from ROOT files, TTree or RNTuple: one row an object (flat), or one row an event with lists."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import uproot

from flashsim.errors import FlashSimError, nearest

from .batch import EventBatch, offsets_from_counts
from .flat import FlatRows, mixed_error, unequal_error, whole_events
from .source import ColumnSource, missing_column, present, to_identity, to_internal, with_defaults

_STEP = "16 MB"


@contextmanager
def open_table(path: Path, tree: str | None) -> Iterator[Any]:
    """The TTree or RNTuple of a file, named `tree` or its only one; damage becomes a FlashSimError."""
    try:
        file: Any = uproot.open(path)
        with file:
            _refuse_truncated(file, path)
            yield _table(file, tree, path)
    except FlashSimError:
        raise
    except Exception as error:  # a damaged file leaves uproot by any exception at all
        message = " ".join(str(error).split())[:300]
        raise FlashSimError(
            f"{path}: not a whole ROOT file, or damaged ({type(error).__name__}: {message}); make it again"
        ) from error


def read_root(
    path: Path,
    columns: Mapping[str, ColumnSource] | None,
    tree: str | None,
    event: tuple[str, str],
) -> Iterator[EventBatch]:
    """The events of one TTree or RNTuple, in its order, in pieces of whole events."""
    with open_table(path, tree) as table:
        names = list(table.keys(recursive=False))
        for name in event:
            if name not in names:
                raise missing_column(name, names, path)
        if columns is None:
            columns = _all_columns(_arrays(table, names, 0, 1), names, event)
        yield from _events(table, path, columns, present(columns, names, path), event)


def counters(table: Any) -> set[str]:
    """The branches of a TTree that hold the list lengths of others."""
    branches = getattr(table, "branches", [])
    return {branch.count_branch.name for branch in branches if getattr(branch, "count_branch", None) is not None}


def _refuse_truncated(file: Any, path: Path) -> None:
    end, size = int(file.file.fEND), path.stat().st_size
    if size < end:
        raise FlashSimError(f"{path}: truncated, {size} bytes of {end}; copy or make the file again")


def _table(file: Any, tree: str | None, path: Path) -> Any:
    """The TTree or RNTuple; where a file holds several cycles of a name, the latest."""
    kinds = {name: kind for name, kind in file.classnames(cycle=False).items() if kind in _KINDS}
    if tree is None:
        if len(kinds) != 1:
            listed = ", ".join(sorted(kinds)) or "none"
            raise FlashSimError(f"{path}: name the TTree or RNTuple to read (`tree` in [sample]); it has: {listed}")
        tree = next(iter(kinds))
    if tree not in kinds:
        listed = ", ".join(sorted(kinds)) or "none"
        raise FlashSimError(f"{path}: no TTree or RNTuple {tree!r}{nearest(str(tree), kinds)}; it has: {listed}")
    return file[tree]


_KINDS = {"TTree", "TNtuple", "TNtupleD", "TChain", "ROOT::RNTuple", "ROOT::Experimental::RNTuple"}


def _arrays(table: Any, names: list[str], start: int, stop: int) -> dict[str, ak.Array]:
    array = table.arrays(names, entry_start=start, entry_stop=stop, library="ak")
    return {name: array[name] for name in names}


def _all_columns(first: Mapping[str, ak.Array], names: list[str], event: tuple[str, str]) -> dict[str, ColumnSource]:
    names = [name for name in names if name not in event]
    lists = [name for name in names if first[name].ndim > 1]
    return {name: ColumnSource(name) for name in lists or names}


def _events(
    table: Any,
    path: Path,
    wanted: Mapping[str, ColumnSource],
    found: Mapping[str, ColumnSource],
    event: tuple[str, str],
) -> Iterator[EventBatch]:
    names = list(dict.fromkeys([*event, *(source.name for source in found.values())]))
    shape = {name: array.ndim for name, array in _arrays(table, names, 0, 1).items()}
    lists = {source.name for source in found.values() if shape[source.name] > 1}
    scalars = {source.name for source in found.values()} - lists
    if lists and scalars:
        raise mixed_error(path, scalars, lists)
    pieces = _pieces(table, names)
    if lists:
        return (_jagged(piece, path, wanted, found, event, start) for start, piece in pieces)
    return whole_events(_flat(piece, path, wanted, found, event, start) for start, piece in pieces)


def _pieces(table: Any, names: list[str]) -> Iterator[tuple[int, dict[str, ak.Array]]]:
    """The table in pieces that are small in memory, each with the row that it starts at."""
    row = 0
    for array in table.iterate(names, step_size=_STEP, library="ak"):
        yield row, {name: array[name] for name in names}
        row += len(array)


def _flat(
    piece: Mapping[str, ak.Array],
    path: Path,
    wanted: Mapping[str, ColumnSource],
    found: Mapping[str, ColumnSource],
    event: tuple[str, str],
    row: int,
) -> FlatRows:
    run, number = (to_identity(_numbers(piece[name], name, path), name, path) for name in event)
    values = {
        name: to_internal(_numbers(piece[source.name], source.name, path), source, path, row)
        for name, source in found.items()
    }
    return FlatRows(run, number, with_defaults(values, wanted, len(run)))


def _jagged(
    piece: Mapping[str, ak.Array],
    path: Path,
    wanted: Mapping[str, ColumnSource],
    found: Mapping[str, ColumnSource],
    event: tuple[str, str],
    row: int,
) -> EventBatch:
    run, number = (to_identity(_numbers(piece[name], name, path), name, path) for name in event)
    offsets: np.ndarray | None = None
    values: dict[str, np.ndarray] = {}
    for name, source in found.items():
        lists = piece[source.name]
        its_offsets = offsets_from_counts(np.asarray(ak.num(lists, axis=1)).astype(np.int64))
        if offsets is not None and not np.array_equal(offsets, its_offsets):
            first = next(iter(found.values())).name
            raise unequal_error(path, first, source.name, offsets, its_offsets, row)
        offsets = its_offsets
        content = _numbers(ak.flatten(lists, axis=1), source.name, path)
        values[name] = to_internal(content, source, path, row, offsets)
    assert offsets is not None, "a jagged table has at least one list column"
    return EventBatch(run, number, offsets, with_defaults(values, wanted, int(offsets[-1])))


def _numbers(array: ak.Array, name: str, path: Path) -> np.ndarray:
    if array.ndim != 1 or array.fields or not isinstance(array.layout, ak.contents.NumpyArray):
        raise FlashSimError(f"{path}: column {name!r} holds {array.type.content}; a column holds one number an object")
    return np.asarray(array)
