"""Events from Parquet: one row an object (flat), or one row an event with lists (jagged)."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from flashsim.errors import FlashSimError

from .batch import EventBatch
from .flat import FlatRows, whole_events
from .jagged import jagged_batch, names_to_read
from .relations import Lists
from .source import ColumnSource, missing_column, present, to_identity, to_internal, with_defaults

_OBJECTS = 1 << 17  # objects read at once: some ten MB with twenty columns


@contextmanager
def open_parquet(path: Path) -> Iterator[pq.ParquetFile]:
    """A Parquet file to read from; damage that shows while it is read becomes a FlashSimError."""
    try:
        with pq.ParquetFile(path, pre_buffer=False) as file:
            yield file
    except (pa.ArrowException, OSError) as error:
        message = " ".join(str(error).split())
        raise FlashSimError(f"{path}: not a whole Parquet file, or damaged ({message}); make it again") from error


def read_parquet(
    path: Path, columns: Mapping[str, ColumnSource] | None, event: tuple[str, str]
) -> Iterator[EventBatch]:
    """The events of one file, in its order, in pieces of whole events."""
    with open_parquet(path) as file:
        schema = file.schema_arrow
        for name in event:
            if name not in schema.names:
                raise missing_column(name, schema.names, path)
        wanted = _all_columns(schema, event) if columns is None else columns
        found = present(wanted, schema.names, path)
        read = _jagged if any(_is_list(schema.field(name).type) for name in names_to_read(event, found)) else _flat
        yield from read(file, path, wanted, found, event)


def _all_columns(schema: pa.Schema, event: tuple[str, str]) -> dict[str, ColumnSource]:
    names = [name for name in schema.names if name not in event]
    lists = [name for name in names if _is_list(schema.field(name).type)]
    return {name: ColumnSource(name) for name in lists or names}


def _is_list(kind: pa.DataType) -> bool:
    return pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)


def _flat(
    file: pq.ParquetFile,
    path: Path,
    wanted: Mapping[str, ColumnSource],
    found: Mapping[str, ColumnSource],
    event: tuple[str, str],
) -> Iterator[EventBatch]:
    def chunks() -> Iterator[FlatRows]:
        row = 0
        names = list(dict.fromkeys([*event, *(source.name for source in found.values())]))
        for table in file.iter_batches(batch_size=_OBJECTS, columns=names):
            run, number = (to_identity(_numbers(table.column(name), name, path, row), name, path) for name in event)
            values = {
                name: to_internal(_numbers(table.column(source.name), source.name, path, row), source, path, row)
                for name, source in found.items()
            }
            yield FlatRows(run, number, with_defaults(values, wanted, len(run)))
            row += table.num_rows

    return whole_events(chunks())


def _jagged(
    file: pq.ParquetFile,
    path: Path,
    wanted: Mapping[str, ColumnSource],
    found: Mapping[str, ColumnSource],
    event: tuple[str, str],
) -> Iterator[EventBatch]:
    row = 0
    names = names_to_read(event, found)
    longest = [name for name in names if _is_list(file.schema_arrow.field(name).type)][-1]
    for table in file.iter_batches(batch_size=_events_at_once(file, longest), columns=names):
        run, number = (to_identity(_numbers(table.column(name), name, path, row), name, path) for name in event)
        lists: dict[str, Lists] = {}
        numbers: dict[str, np.ndarray] = {}
        for name in names:
            if _is_list(file.schema_arrow.field(name).type):
                lists[name] = Lists(*_lists(table.column(name), name, path, row))
            else:
                numbers[name] = _numbers(table.column(name), name, path, row)
        yield jagged_batch(run, number, lists, numbers, found, wanted, path, row)
        row += table.num_rows


def _events_at_once(file: pq.ParquetFile, name: str) -> int:
    """How many events hold about as many objects of column `name` as are read at once."""
    values = 0
    for index in range(file.metadata.num_row_groups):
        group = file.metadata.row_group(index)
        columns = [group.column(position) for position in range(group.num_columns)]
        values += max(c.num_values for c in columns if c.path_in_schema.split(".")[0] == name)
    return max(1, _OBJECTS * file.metadata.num_rows // max(1, values))


def _numbers(array: pa.Array, name: str, path: Path, row: int) -> np.ndarray:
    if pa.types.is_null(array.type) or array.null_count:
        missing = int(np.flatnonzero(array.is_null().to_numpy(zero_copy_only=False))[0]) if len(array) else 0
        raise FlashSimError(f"{path}: column {name!r} has no value at row {row + missing}; every row needs one")
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    kind = array.type
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)):
        raise FlashSimError(f"{path}: column {name!r} holds {kind}; a column holds one number (or flag) an object")
    return array.to_numpy(zero_copy_only=False)


def _lists(array: pa.Array, name: str, path: Path, row: int) -> tuple[np.ndarray, np.ndarray]:
    if array.null_count:
        missing = int(np.flatnonzero(array.is_null().to_numpy(zero_copy_only=False))[0])
        raise FlashSimError(f"{path}: column {name!r} has no list at row {row + missing}; an empty event has []")
    if pa.types.is_fixed_size_list(array.type):
        array = array.cast(pa.list_(array.type.value_type))
    offsets = array.offsets.to_numpy().astype(np.int64)
    content = array.flatten()
    return offsets - offsets[0], _numbers(content, name, path, row)
