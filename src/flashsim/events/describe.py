"""What a file of events holds: its columns, how many rows, and what its maker wrote beside them."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uproot

from .parquet_reader import open_parquet
from .read import expand, read_events
from .root_reader import column_names, open_table
from .sqlite_reader import HEAD as SQLITE
from .sqlite_reader import open_sqlite


@dataclass(frozen=True)
class FileDescription:
    """A file of events. `rows` are events, or objects in a flat file; `metadata` is FlashSim's own."""

    path: Path
    format: str
    rows: int
    columns: dict[str, str]
    metadata: dict[str, Any] = field(default_factory=dict)


def describe_file(path: str | Path, *, tree: str | None = None) -> FileDescription:
    """Describe a ROOT, Parquet, SQLite or HepMC file; FlashSimError when it cannot be read."""
    (file,) = expand(path)
    with file.open("rb") as opened:
        head = opened.read(16)
    if head == SQLITE:
        return _sqlite(file)
    if head.startswith(b"PAR1"):
        return _parquet(file)
    if head.startswith(b"root"):
        return _root(file, tree)
    events, columns = 0, {}
    for batch in read_events(file):
        events += batch.n_events
        columns = {name: str(values.dtype) for name, values in batch.columns.items()}
    return FileDescription(file, "HepMC", events, columns)


def _sqlite(path: Path) -> FileDescription:
    with open_sqlite(path) as table:
        columns = {name: str(column.dtype) for name, column in table.columns.items()}
        return FileDescription(path, "SQLite", table.n_events, columns, dict(table.metadata))


def _parquet(path: Path) -> FileDescription:
    with open_parquet(path) as file:
        schema = file.schema_arrow
        metadata = (schema.metadata or {}).get(b"flashsim", b"{}")
        columns = {name: str(kind) for name, kind in zip(schema.names, schema.types, strict=True)}
        return FileDescription(path, "Parquet", file.metadata.num_rows, columns, json.loads(metadata))


def _root(path: Path, tree: str | None) -> FileDescription:
    with open_table(path, tree) as table:
        columns = {name: str(table[name].typename) for name in column_names(table)}
        kind = "RNTuple" if "RNTuple" in type(table).__name__ else "TTree"
        rows = int(table.num_entries)
    opened: Any = uproot.open(path)
    with opened as file:
        metadata = json.loads(str(file["flashsim"])) if "flashsim" in file else {}
    return FileDescription(path, f"ROOT {kind}", rows, columns, metadata)
