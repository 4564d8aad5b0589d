"""Output as SQLite: a table of events, and a table of each collection, for those who query."""

import errno
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from flashsim.errors import FlashSimError

from .output import OutputBatch, OutputSchema

EVENTS, COLUMNS, METADATA = "events", "flashsim_columns", "flashsim_metadata"
KEYS = ("event_row", "place")
"""The first columns of the table of a collection: the event's `event_row`, and the object's place in the event."""
VALUE = "value"
"""The column of a list of numbers, which has no name of its own."""


class SqliteSink:
    """Writes row groups to an SQLite file; the same groups give the same bytes, by the same version of SQLite.

    Not-a-number is NULL. There is no journal beside the file: it is written once, under another name.
    """

    def __init__(self, path: Path, schema: OutputSchema, metadata: str) -> None:
        self._schema = schema
        self._events = 0
        _refuse_conflicts(schema)
        with _errors():
            self._file = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            try:
                self._create(metadata)
            except BaseException:
                self._file.close()
                raise

    def _create(self, metadata: str) -> None:
        for setting in ("journal_mode = OFF", "synchronous = OFF", "locking_mode = EXCLUSIVE"):
            self._file.execute(f"PRAGMA {setting}")
        numbers = ", ".join(f"{quoted(name)} {_kind(dtype)} NOT NULL" for name, dtype in self._schema.numbers.items())
        self._file.execute(f"CREATE TABLE {EVENTS} (event_row INTEGER PRIMARY KEY, {numbers})")
        for name, columns in self._schema.collections.items():
            declared = [f"{key} INTEGER NOT NULL" for key in KEYS]
            declared += [f"{quoted(cell)} {_kind(kind)}" for cell, kind in cells(columns)]
            declared.append(f"PRIMARY KEY ({', '.join(KEYS)})")
            self._file.execute(f"CREATE TABLE {quoted(name)} ({', '.join(declared)}) WITHOUT ROWID")
        self._describe(metadata)

    def write(self, group: OutputBatch) -> None:
        """Append one row group, in one transaction."""
        with _errors():
            self._file.execute("BEGIN")
            rows = np.arange(self._events, self._events + group.n_events)
            self._insert(EVENTS, [rows, *group.numbers.values()])
            for name, collection in group.collections.items():
                counts = np.diff(collection.offsets)
                place = np.arange(collection.offsets[-1]) - np.repeat(collection.offsets[:-1], counts)
                values = [v if v.ndim == 1 else v.T for v in collection.columns.values()]
                flat = [column for these in values for column in (these if these.ndim == 2 else [these])]
                self._insert(name, [np.repeat(rows, counts), place, *flat])
            self._file.execute("COMMIT")
            self._events += group.n_events

    def close(self) -> None:
        """Write the end of the file."""
        try:
            with _errors():
                self._file.execute(f"CREATE INDEX events_by_number ON {EVENTS} (run, event)")
        finally:
            self._file.close()

    def _insert(self, table: str, columns: list[np.ndarray]) -> None:
        marks = ", ".join("?" * len(columns))
        rows = zip(*(_python(column) for column in columns), strict=True)
        self._file.executemany(f"INSERT INTO {quoted(table)} VALUES ({marks})", rows)

    def _describe(self, metadata: str) -> None:
        self._file.execute(f"CREATE TABLE {METADATA} (key TEXT PRIMARY KEY, value TEXT NOT NULL)")
        self._file.execute(f"INSERT INTO {METADATA} VALUES ('flashsim', ?)", (metadata,))
        described = "name TEXT PRIMARY KEY, in_table TEXT, in_column TEXT, type TEXT, width INTEGER"
        self._file.execute(f"CREATE TABLE {COLUMNS} ({described})")
        listed = [(name, EVENTS, name, dtype.str, 0) for name, dtype in self._schema.numbers.items()]
        for name, table, column, dtype in self._schema.columns():
            listed.append((name, table, column or VALUE, dtype.base.str, _width(dtype)))
        self._file.executemany(f"INSERT INTO {COLUMNS} VALUES (?, ?, ?, ?, ?)", listed)


def cells(columns: Mapping[str, np.dtype]) -> Iterator[tuple[str, np.dtype]]:
    """The columns of a table: one a number of a matrix."""
    for name, dtype in columns.items():
        yield from ((cell, dtype.base) for cell in cell_names(name or VALUE, _width(dtype)))


def _width(dtype: np.dtype) -> int:
    """How many numbers a matrix has; 0 for a number."""
    return int(np.prod(dtype.shape, dtype=int)) if dtype.shape else 0


def cell_names(column: str, width: int) -> list[str]:
    """Where the numbers of a column are: in itself, or those of a matrix in ``column[0]``, ``column[1]``, …"""
    return [f"{column}[{index}]" for index in range(width)] if width else [column]


def quoted(name: str) -> str:
    """A name as SQL takes it, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'


def _python(values: np.ndarray) -> list[int] | list[float]:
    return (values.astype(np.int64) if values.dtype.kind in "biu" else values).tolist()


def _kind(dtype: np.dtype) -> str:
    return "INTEGER" if dtype.kind in "biu" else "REAL"


def _refuse_conflicts(schema: OutputSchema) -> None:
    """SQL does not tell upper from lower case, and some names are ours."""
    tables = [*schema.collections, EVENTS, COLUMNS, METADATA]
    named = [("a table", tables), ("a column of events", ["event_row", *schema.numbers])]
    named += [(f"a column of {name}", [*KEYS, *columns]) for name, columns in schema.collections.items()]
    for what, names in named:
        name, number = Counter(name.lower() for name in names).most_common(1)[0]
        if number > 1:
            raise FlashSimError(
                f"{name!r} would be {what} of the SQLite file twice (SQL does not tell upper from lower case): choose "
                "another name in the card, or another format"
            )


NO_SPACE = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE)
"""A full disk; quotas and the largest size of a file come as writing that fails."""


@contextmanager
def _errors() -> Iterator[None]:
    """What goes wrong on the disk, which SQLite tells in its own way, as an OSError."""
    try:
        yield
    except sqlite3.DatabaseError as error:  # also what was half written and is now closed
        number = errno.ENOSPC if error.sqlite_errorcode in NO_SPACE else errno.EIO
        raise OSError(number, f"SQLite: {error}") from error
