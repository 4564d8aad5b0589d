"""Output as ROOT: a TTree with one counter a collection, or an RNTuple with a list a column."""

from pathlib import Path
from typing import Any, Literal

import awkward as ak
import numpy as np

from .output import Collection, OutputBatch, OutputSchema
from .pinned import new_root_file, pinned_time

TREE = "events"


class RootSink:
    """Writes groups of events to a ROOT file; the same groups give the same bytes.

    ROOT files hold the time of writing, a UUID and the file's own name. Equal outputs must have equal
    checksums, so that the time is ROOT's first day (1995-01-01), the UUID is zero, and there is no name.
    """

    def __init__(self, path: Path, schema: OutputSchema, metadata: str, kind: Literal["ttree", "rntuple"]) -> None:
        self._schema = schema
        self._kind = kind
        numbers = dict(schema.numbers)
        self._stream = path.open("wb+")
        try:
            with pinned_time():
                self._file: Any = new_root_file(self._stream)
                self._file["flashsim"] = metadata
                if kind == "ttree":
                    empty = {name: these.type.content for name, these in self._records(_empty(schema)).items()}
                    joint = "." if schema.records else "_"
                    self._table: Any = self._file.mktree(
                        TREE,
                        numbers | empty,
                        initial_basket_capacity=100,
                        field_name=lambda outer, inner: f"{outer}{joint}{inner}" if outer else inner,
                    )
                else:
                    empty = {name: these.type.content for name, these in self._lists(_empty(schema)).items()}
                    self._table = self._file.mkrntuple(TREE, numbers | empty)
        except BaseException:
            self._stream.close()
            raise

    def write(self, group: OutputBatch) -> None:
        """Append one group: one basket of each branch, or one cluster."""
        objects = self._records(group) if self._kind == "ttree" else self._lists(group)
        with pinned_time():
            self._table.extend(group.numbers | objects)

    def close(self) -> None:
        """Write the end of the file."""
        try:
            with pinned_time():
                self._file.close()
        finally:
            self._stream.close()

    def _records(self, group: OutputBatch) -> dict[str, ak.Array]:
        """The lists of a TTree, which has no lists of matrices: the numbers of these are a list of their own."""
        found: dict[str, ak.Array] = {}
        for name, these in group.collections.items():
            matrices = {column: values for column, values in these.columns.items() if values.ndim > 1}
            numbers = {column: values for column, values in these.columns.items() if values.ndim == 1}
            found[name] = Collection(these.offsets, numbers).to_awkward()
            for column, values in matrices.items():
                flat = Collection(these.offsets * values.shape[1], {"": values.ravel()})
                found[f"{name}.{column}"] = flat.to_awkward()
        return found

    def _lists(self, group: OutputBatch) -> dict[str, ak.Array]:
        if self._schema.records:
            return {name: these.to_awkward(nested=True) for name, these in group.collections.items()}
        records = self._records(group)
        return {written: ak.Array(records[name][column]) for written, name, column, _ in self._schema.columns()}


def _empty(schema: OutputSchema) -> OutputBatch:
    numbers = np.zeros(0, dtype=np.int64)
    collections = {
        name: Collection(np.zeros(1, dtype=np.int64), {key: np.zeros(0, kind) for key, kind in columns.items()})
        for name, columns in schema.collections.items()
    }
    return OutputBatch(numbers, numbers, numbers.astype(np.int32), collections, records=schema.records)
