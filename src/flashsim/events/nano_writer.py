"""NanoAOD: whole events in a TTree as other programs expect them, beside the file's other trees."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import uproot
import uproot.writing._cascadetree

from flashsim.card import branch_of

from .output import Collection, OutputBatch, OutputSchema
from .pinned import new_root_file, pinned_time
from .row_groups import RowGroups
from .tree_reader import OtherTree
from .tree_rows import Branch
from .writer import Writer, output_format

COPY = "FlashSim_copy"
_EVENTS = 8192  # a basket of some ten kB or more a branch


@dataclass(frozen=True)
class NanoLayout:
    """What a file looks like beside its numbers: the name of its tree, those of the branches of run and event,
    types, titles and counters by branch, and the trees beside it.
    """

    tree: str
    identity: tuple[str, str]
    branches: Mapping[str, Branch]
    others: Mapping[str, OtherTree] = field(default_factory=dict)

    def counter(self, collection: str) -> Branch:
        """The branch that counts the objects of a collection."""
        return self.branches.get(f"n{collection}", Branch(np.dtype(np.int32), f"number of {collection}"))

    def numbers(self, batch: OutputBatch) -> dict[str, np.ndarray]:
        """Branches of one number an event, those that identify it first and in their own types."""
        run, event = (
            values.astype(self.branches[name].dtype)
            for name, values in zip(self.identity, (batch.run, batch.event), strict=True)
        )
        return dict(zip(self.identity, (run, event), strict=True)) | dict(batch.more) | {COPY: batch.copy}


def open_nanoaod(path: Path, schema: OutputSchema, metadata: Mapping[str, Any], layout: NanoLayout) -> Writer:
    """A writer of NanoAOD: branches `Jet_pt` of the collection `Jet` with the counter `nJet`, with types and titles.

    `metadata` is written as JSON under the key ``flashsim``; `layout` has what the batches do not. The same
    events give the same bytes, as with `open_writer`.
    """
    output_format(path, "ttree")
    text = json.dumps(metadata, sort_keys=True)
    groups = RowGroups(objects=None, events=_EVENTS)
    return Writer(path, schema, lambda part: NanoSink(part, schema, text, layout), groups)


class NanoSink:
    """Writes groups of events to the TTree, after the other trees."""

    def __init__(self, path: Path, schema: OutputSchema, metadata: str, layout: NanoLayout) -> None:
        self._schema, self._layout = schema, layout
        self._stream = path.open("wb+")
        try:
            with pinned_time():
                self._file: Any = new_root_file(self._stream)
                self._file["flashsim"] = metadata
                for name, other in layout.others.items():
                    self._copy(name, other)
                empty = _empty(schema)
                self._table = self._tree(layout.tree, "Events", layout.numbers(empty), empty.collections, layout)
        except BaseException:
            self._stream.close()
            raise

    def write(self, group: OutputBatch) -> None:
        """Append one group: one basket of each branch."""
        with pinned_time():
            self._table.extend(self._layout.numbers(group) | _records(group.collections))

    def close(self) -> None:
        """Write the end of the file."""
        try:
            with pinned_time():
                self._file.close()
        finally:
            self._stream.close()

    def _copy(self, name: str, other: OtherTree) -> None:
        collections = as_collections(other.rows.lists, other.branches)
        layout = NanoLayout(name, ("", ""), other.branches)
        table = self._tree(name, other.title, other.rows.numbers, collections, layout)
        table.extend(dict(other.rows.numbers) | _records(collections))

    def _tree(
        self,
        name: str,
        title: str,
        numbers: Mapping[str, np.ndarray],
        collections: Mapping[str, Collection],
        layout: NanoLayout,
    ) -> Any:
        """A new TTree, whose branches have titles and whose counters have the layout's types."""
        described = dict(layout.branches)
        described |= {f"n{collection}": layout.counter(collection) for collection in collections}
        types: dict[str, Any] = {branch: values.dtype for branch, values in numbers.items()}
        types |= {collection: these.type.content for collection, these in _records(collections).items()}
        with _described(described):
            return self._file.mktree(name, types, title, initial_basket_capacity=100, field_name=_joined)


def as_collections(lists: Mapping[str, Any], branches: Mapping[str, Branch]) -> dict[str, Collection]:
    """Lists by branch as collections with columns: ``Jet_pt`` is ``pt`` of ``Jet``, ``PSWeight`` is all of itself."""
    offsets: dict[str, np.ndarray] = {}
    columns: dict[str, dict[str, np.ndarray]] = {}
    for name, (own, values) in lists.items():
        collection = branches[name].collection
        offsets.setdefault(collection, own)
        columns.setdefault(collection, {})[name[len(collection) + 1 :]] = values
    return {name: Collection(offsets[name], these) for name, these in columns.items()}


def _joined(outer: str, inner: str) -> str:
    return branch_of(outer, inner) if outer else inner


def _records(collections: Mapping[str, Collection]) -> dict[str, ak.Array]:
    return {name: these.to_awkward() for name, these in collections.items()}


def _empty(schema: OutputSchema) -> OutputBatch:
    none = np.zeros(0, np.int64)
    collections = {
        name: Collection(np.zeros(1, np.int64), {key: np.zeros(0, kind) for key, kind in columns.items()})
        for name, columns in schema.collections.items()
    }
    more = {name: np.zeros(0, kind) for name, kind in schema.numbers.items() if name not in ("run", "event", "copy")}
    return OutputBatch(none, none, none.astype(np.int32), collections, more)


@contextmanager
def _described(branches: Mapping[str, Branch]) -> Iterator[None]:
    """uproot gives branches no titles of their own, and counters the type int32: its description of a tree is mended
    before the tree is written. To be used within `pinned_time`, where one thread alone writes.
    """
    plain = uproot.writing._cascadetree.Tree

    class Described(plain):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            for datum in self._branch_data:
                branch = branches.get(datum.get("fName", ""))
                if branch is None:
                    continue
                if branch.title:
                    datum["fTitle"] = branch.title
                if datum["kind"] == "counter":
                    datum["dtype"] = branch.dtype.newbyteorder(">")

    uproot.writing._cascadetree.Tree = Described
    try:
        yield
    finally:
        uproot.writing._cascadetree.Tree = plain
