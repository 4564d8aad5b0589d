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
from .flat import FlatRows, whole_events
from .jagged import jagged_batch, names_to_read
from .relations import Lists
from .source import ColumnSource, missing_column, present, to_identity, to_internal, with_defaults

_STEP = "16 MB"


@contextmanager
def open_table(path: Path, tree: str | None) -> Iterator[Any]:
    """The TTree or RNTuple of a file, named `tree` or its only one; damage becomes a FlashSimError."""
    with open_file(path) as file:
        yield _table(file, tree, path)


@contextmanager
def open_file(path: Path) -> Iterator[Any]:
    """A ROOT file; damage, also of what is read from it, becomes a FlashSimError."""
    try:
        file: Any = uproot.open(path)
        with file:
            _refuse_truncated(file, path)
            yield file
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
    names = names_to_read(event, found)
    shape = {name: array.ndim for name, array in _arrays(table, names, 0, 1).items()}
    pieces = _pieces(table, names)
    if any(shape[name] > 1 for name in names):
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
    lists: dict[str, Lists] = {}
    numbers: dict[str, np.ndarray] = {}
    for name, array in piece.items():
        if array.ndim == 1:
            numbers[name] = _numbers(array, name, path)
        else:
            offsets = offsets_from_counts(np.asarray(ak.num(array, axis=1)).astype(np.int64))
            lists[name] = Lists(offsets, _numbers(ak.flatten(array, axis=1), name, path))
    return jagged_batch(run, number, lists, numbers, found, wanted, path, row)


def _numbers(array: ak.Array, name: str, path: Path) -> np.ndarray:
    if array.ndim != 1 or array.fields or not isinstance(array.layout, ak.contents.NumpyArray):
        raise FlashSimError(f"{path}: column {name!r} holds {array.type.content}; a column holds one number an object")
    return np.asarray(array)
