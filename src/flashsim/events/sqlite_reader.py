"""Events from the SQLite files that FlashSim has written."""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import awkward as ak
import numpy as np

from flashsim.errors import FlashSimError

from .batch import EventBatch, offsets_from_counts
from .flat import mixed_error
from .source import ColumnSource, missing_column, present, to_identity, to_internal, with_defaults
from .sqlite_writer import COLUMNS, EVENTS, METADATA, cell_names, quoted

HEAD = b"SQLite format 3\0"
_STEP = 1 << 14


@dataclass(frozen=True)
class SqliteColumn:
    """Where a column of an output is: its table, its column there, its type, and how many numbers an object has."""

    table: str
    column: str
    dtype: np.dtype
    width: int


@dataclass(frozen=True)
class SqliteTable:
    """An opened file: its columns by the names that they have in other formats."""

    file: sqlite3.Connection
    columns: Mapping[str, SqliteColumn]
    metadata: Mapping[str, Any]
    n_events: int

    def values(self, name: str, start: int, stop: int) -> np.ndarray:
        """A column for events `start` to `stop` (not included), the objects of all events one after the other.

        The numbers of matrices stand one after the other too.
        """
        column = self.columns[name]
        cells = cell_names(column.column, column.width)
        order = "event_row" if column.table == EVENTS else "event_row, place"
        rows = self.file.execute(
            f"SELECT {', '.join(map(quoted, cells))} FROM {quoted(column.table)} "
            f"WHERE event_row >= ? AND event_row < ? ORDER BY {order}",
            (start, stop),
        ).fetchall()
        if column.dtype.kind == "f":
            return np.array(rows, dtype=np.float64).astype(column.dtype).ravel()  # NULL is not-a-number
        return np.array(rows, dtype=np.int64).astype(column.dtype).ravel()

    def counts(self, table: str, start: int, stop: int) -> np.ndarray:
        """How many objects each event has."""
        rows = self.file.execute(
            f"SELECT event_row, COUNT(*) FROM {quoted(table)} "
            "WHERE event_row >= ? AND event_row < ? GROUP BY event_row",
            (start, stop),
        ).fetchall()
        found = np.zeros(stop - start, dtype=np.int64)
        for row, count in rows:
            found[row - start] = count
        return found


@contextmanager
def open_sqlite(path: Path) -> Iterator[SqliteTable]:
    """A file that FlashSim has written; damage, or a file of others, becomes a FlashSimError."""
    try:
        _refuse_truncated(path)
        with closing(sqlite3.connect(f"file:{quote(str(path.resolve()))}?immutable=1", uri=True)) as file:
            tables = {name for (name,) in file.execute("SELECT name FROM sqlite_master")}
            if not {EVENTS, COLUMNS, METADATA} <= tables:
                raise FlashSimError(f"{path}: an SQLite file, but not one that FlashSim has written")
            columns = {
                name: SqliteColumn(table, column, np.dtype(kind), width)
                for name, table, column, kind, width in file.execute(f"SELECT * FROM {COLUMNS} ORDER BY rowid")
            }
            ((metadata,),) = file.execute(f"SELECT value FROM {METADATA} WHERE key = 'flashsim'").fetchall()
            ((events,),) = file.execute(f"SELECT COUNT(*) FROM {EVENTS}").fetchall()
            yield SqliteTable(file, columns, json.loads(metadata), events)
    except (sqlite3.Error, ValueError, OSError) as error:
        raise FlashSimError(f"{path}: not a whole SQLite file, or damaged ({error}); make it again") from error


def read_sqlite(path: Path, columns: Mapping[str, ColumnSource] | None, event: tuple[str, str]) -> Iterator[EventBatch]:
    """The events of one file, in its order, in pieces of whole events."""
    with open_sqlite(path) as table:
        lists = [name for name, column in table.columns.items() if column.table != EVENTS]
        for name in event:
            if name not in table.columns:
                raise missing_column(name, table.columns, path)
        wanted = {name: ColumnSource(name) for name in lists} if columns is None else columns
        found = present(wanted, table.columns, path)
        objects = {source.name: table.columns[source.name].table for source in found.values()}
        scalars = [name for name, place in objects.items() if place == EVENTS]
        if scalars or not objects:
            raise mixed_error(path, scalars or event, set(objects) - set(scalars))
        if len(set(objects.values())) > 1:
            one, other = (next(n for n in objects if objects[n] == kind) for kind in sorted(set(objects.values()))[:2])
            raise FlashSimError(
                f"{path}: {one!r} and {other!r} are of objects of different kinds: read one kind at a time"
            )
        for start in range(0, table.n_events, _STEP):
            stop = min(start + _STEP, table.n_events)
            run, number = (to_identity(table.values(name, start, stop), name, path) for name in event)
            offsets = offsets_from_counts(table.counts(next(iter(objects.values())), start, stop))
            values = {
                name: to_internal(table.values(source.name, start, stop), source, path, start, offsets)
                for name, source in found.items()
            }
            yield EventBatch(run, number, offsets, with_defaults(values, wanted, int(offsets[-1])))


def sqlite_pieces(path: Path) -> Iterator[dict[str, ak.Array]]:
    """All columns in pieces, numbers of events as they are and those of objects as lists."""
    with open_sqlite(path) as table:
        for start in range(0, table.n_events, _STEP):
            stop = min(start + _STEP, table.n_events)
            piece: dict[str, ak.Array] = {}
            for name, column in table.columns.items():
                values: Any = ak.Array(table.values(name, start, stop))
                if column.table != EVENTS:
                    counts = table.counts(column.table, start, stop) * (column.width or 1)
                    values = ak.unflatten(values, counts)
                piece[name] = values
            yield piece


def _refuse_truncated(path: Path) -> None:
    """By the size that the head of the file says (https://www.sqlite.org/fileformat.html)."""
    with path.open("rb") as file:
        head = file.read(100)
    page = int.from_bytes(head[16:18], "big")
    size = (65536 if page == 1 else page) * int.from_bytes(head[28:32], "big")
    if len(head) < 100 or path.stat().st_size < size:
        raise ValueError(f"{path.stat().st_size} bytes of {size}")
