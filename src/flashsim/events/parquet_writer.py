"""Output as Parquet: one row an event, one list an event for each column of objects."""

from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from .output import OutputBatch, OutputSchema


class ParquetSink:
    """Writes row groups to a Parquet file; the same groups give the same bytes."""

    def __init__(self, path: Path, schema: OutputSchema, metadata: str) -> None:
        fields = [pa.field(name, pa.from_numpy_dtype(dtype)) for name, dtype in schema.numbers.items()]
        lists = [(name, pa.from_numpy_dtype(dtype)) for name, _, _, dtype in schema.columns()]
        item = "element"  # the name that the Parquet format gives to what is in a list
        fields += [
            pa.field(name, pa.list_(pa.field(item, kind, nullable=False)), nullable=False) for name, kind in lists
        ]
        self._output = schema
        self._schema = pa.schema(fields, metadata={"flashsim": metadata})
        repeating = [f"{name}.list.{item}" for name, kind in lists if not pa.types.is_floating(kind)]
        split = [f"{name}.list.{item}" for name, kind in lists if pa.types.is_floating(kind)]
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
        for index, (_, name, column, _) in enumerate(self._output.columns(), start=len(columns)):
            collection = group.collections[name]
            offsets = pa.array(collection.offsets.astype(np.int32))
            values = pa.array(np.ascontiguousarray(collection.columns[column]))
            columns.append(pa.ListArray.from_arrays(offsets, values, type=self._schema.field(index).type))
        self._writer.write_batch(pa.record_batch(columns, schema=self._schema), row_group_size=group.n_events)

    def close(self) -> None:
        """Write the end of the file."""
        self._writer.close()
