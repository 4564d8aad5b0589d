"""Output as Parquet: one row an event, one list an event for each column of objects."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import awkward as ak
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from .output import OutputBatch, OutputSchema, grouped

ITEM = "element"
"""The name that the Parquet format gives to what is in a list."""


class ParquetSink:
    """Writes row groups to a Parquet file; the same groups give the same bytes."""

    def __init__(self, path: Path, schema: OutputSchema, metadata: str) -> None:
        fields = [pa.field(name, pa.from_numpy_dtype(dtype)) for name, dtype in schema.numbers.items()]
        fields += [pa.field(name, kind, nullable=False) for name, kind in _lists(schema).items()]
        self._output = schema
        self._schema = pa.schema(fields, metadata={"flashsim": metadata})
        leaves = [leaf for name, kind in _lists(schema).items() for leaf in _leaves(name, kind)]
        repeating = [name for name, kind in leaves if not pa.types.is_floating(kind)]
        split = [name for name, kind in leaves if pa.types.is_floating(kind)]
        options: dict[str, Any] = {"use_dictionary": repeating, "use_byte_stream_split": split}
        self._writer = pq.ParquetWriter(
            path,
            self._schema,
            compression="zstd",
            compression_level=1,
            write_statistics=cast(Any, list(schema.numbers)),
            **options,
        )

    def write(self, group: OutputBatch) -> None:
        """Append one row group."""
        columns: list[pa.Array] = [pa.array(values) for values in group.numbers.values()]
        if self._output.records:
            lists = _lists(self._output)
            columns += [_array(these.to_awkward(nested=True), lists[name]) for name, these in group.collections.items()]
            self._write(columns, group.n_events)
            return
        for index, (_, name, column, _) in enumerate(self._output.columns(), start=len(columns)):
            collection = group.collections[name]
            offsets = pa.array(collection.offsets.astype(np.int32))
            values = pa.array(np.ascontiguousarray(collection.columns[column]))
            columns.append(pa.ListArray.from_arrays(offsets, values, type=self._schema.field(index).type))
        self._write(columns, group.n_events)

    def _write(self, columns: list[pa.Array], events: int) -> None:
        self._writer.write_batch(pa.record_batch(columns, schema=self._schema), row_group_size=events)

    def close(self) -> None:
        """Write the end of the file."""
        self._writer.close()


def _lists(schema: OutputSchema) -> dict[str, pa.DataType]:
    """The type of each column of lists: of numbers, or of records."""
    if not schema.records:
        return {name: _list(pa.from_numpy_dtype(dtype)) for name, _, _, dtype in schema.columns()}
    return {name: _list(_record(columns)) for name, columns in schema.collections.items()}


def _list(item: pa.DataType) -> pa.DataType:
    return pa.list_(pa.field(ITEM, item, nullable=False))


def _record(columns: Mapping[str, np.dtype]) -> pa.DataType:
    """A record of columns, those with a dot in their names inside a record of their own; one without name by itself."""
    kinds = {first: _number(inner[""]) if "" in inner else _record(inner) for first, inner in grouped(columns).items()}
    if "" in kinds:
        return kinds[""]
    return pa.struct([pa.field(name, kind, nullable=False) for name, kind in kinds.items()])


def _number(dtype: np.dtype) -> pa.DataType:
    kind = pa.from_numpy_dtype(dtype.base)
    return pa.list_(pa.field(ITEM, kind, nullable=False), dtype.shape[0]) if dtype.shape else kind


def _leaves(name: str, kind: pa.DataType) -> Iterator[tuple[str, pa.DataType]]:
    """The columns of numbers inside a column, by their path in a Parquet file."""
    if pa.types.is_struct(kind):
        for index in range(kind.num_fields):
            yield from _leaves(f"{name}.{kind.field(index).name}", kind.field(index).type)
    elif isinstance(kind, pa.ListType | pa.FixedSizeListType):
        yield from _leaves(f"{name}.list.{ITEM}", kind.value_type)
    else:
        yield name, kind


def _array(lists: ak.Array, kind: pa.DataType) -> pa.Array:
    return cast(pa.Array, ak.to_arrow(lists, extensionarray=False, list_to32=True)).cast(kind)
