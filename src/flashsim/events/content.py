"""The checksum of what a file says, whatever its format, compression and row groups."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import awkward as ak
import numpy as np
import pyarrow.parquet as pq

from flashsim.errors import FlashSimError

from .parquet_reader import open_parquet
from .root_reader import counters, open_table
from .sqlite_reader import HEAD as SQLITE
from .sqlite_reader import sqlite_pieces

_ROWS = 1 << 14


def content_sha256(path: str | Path, *, tree: str | None = None) -> str:
    """SHA-256 of all columns of a Parquet, ROOT or SQLite file: their names, types, numbers, and list lengths.

    Equal for a TTree, an RNTuple, a Parquet and an SQLite file with the same events in the same order. Metadata does
    not count, nor do a TTree's counter branches and SQLite's keys (others have none), nor the order of the columns.
    """
    path = Path(path)
    columns: dict[str, _ColumnHash] = {}
    for piece in _pieces(path, tree):
        for name, values in _numbers(piece):
            columns.setdefault(name, _ColumnHash()).update(values, path, name)
    total = hashlib.sha256()
    for name in sorted(columns):
        total.update(f"{name}\n{columns[name].hexdigest()}\n".encode())
    return total.hexdigest()


class _ColumnHash:
    """Hashes numbers and list lengths apart, so that the cuts between pieces leave no trace."""

    def __init__(self) -> None:
        self._kind = ""
        self._values, self._counts = hashlib.sha256(), hashlib.sha256()

    def update(self, array: ak.Array, path: Path, name: str) -> None:
        if array.ndim >= 2:
            counts = np.asarray(ak.num(array, axis=1)).astype("<i8")
            if array.ndim == 3:  # matrices, whose numbers are one list in a TTree
                array = ak.flatten(array, axis=2)
                counts = np.asarray(ak.num(array, axis=1)).astype("<i8")
            self._counts.update(counts.tobytes())
            array = ak.flatten(array, axis=1)
        values = np.asarray(array)
        if values.dtype.kind not in "biuf":
            raise FlashSimError(f"{path}: column {name!r} holds {values.dtype}, not numbers")
        self._kind = values.dtype.newbyteorder("<").str
        self._values.update(np.ascontiguousarray(values, dtype=self._kind).tobytes())

    def hexdigest(self) -> str:
        return f"{self._kind} {self._values.hexdigest()} {self._counts.hexdigest()}"


def _numbers(piece: dict[str, ak.Array]) -> Iterator[tuple[str, ak.Array]]:
    """Columns of numbers; those of records by the names of both, with a dot between."""
    for name, values in piece.items():
        if values.fields:
            yield from _numbers({f"{name}.{field}": cast(ak.Array, values[field]) for field in values.fields})
        else:
            yield name, values


def _pieces(path: Path, tree: str | None) -> Iterator[dict[str, ak.Array]]:
    with path.open("rb") as file:
        head = file.read(16)
    if head == SQLITE:
        yield from sqlite_pieces(path)
        return
    if not head.startswith(b"root"):
        with open_parquet(path) as parquet:
            yield from _parquet_pieces(parquet)
        return
    with open_table(path, tree) as table:
        names = [name for name in table.keys(recursive=False) if name not in counters(table)]
        for start in range(0, table.num_entries, _ROWS):
            array = table.arrays(names, entry_start=start, entry_stop=start + _ROWS, library="ak")
            yield {name: array[name] for name in names}


def _parquet_pieces(file: pq.ParquetFile) -> Iterator[dict[str, ak.Array]]:
    for table in file.iter_batches(batch_size=_ROWS):
        names = table.schema.names
        yield {name: ak.drop_none(ak.from_arrow(table.column(name)), axis=None) for name in names}
