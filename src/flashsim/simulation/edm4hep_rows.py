"""Rows of one EDM4hep type in all events of a block, and the collections in which podio keeps them."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Int64, Shaped

from flashsim.events import Collection
from flashsim.events.batch import offsets_from_counts
from flashsim.events.edm4hep_model import DATATYPES, OBJECT_ID

NO_OBJECT = (-2, 0)
"""Index and collection of a relation to nothing, as podio writes them."""


def collection_name(datatype: str) -> str:
    """The collection of a type."""
    return {"EventHeader": "EventHeader", "Vertex": "Vertices"}.get(datatype, f"{datatype}s")


def collection_id(name: str) -> int:
    """The number by which relations name a collection."""
    return zlib.crc32(name.encode())


@dataclass(frozen=True)
class Elements:
    """What belongs to each row: so many elements a row, and their columns, one row after the other."""

    counts: Int64[np.ndarray, " rows"]
    columns: Mapping[str, Shaped[np.ndarray, "elements ..."]]


@dataclass(frozen=True)
class Rows:
    """The rows of a type: those of event ``i`` are ``offsets[i]:offsets[i + 1]``. What is left out is 0, or nothing."""

    datatype: str
    offsets: Int64[np.ndarray, " boundaries"]
    members: Mapping[str, Shaped[np.ndarray, "rows ..."]]
    vectors: Mapping[str, Elements] = field(default_factory=dict)
    many: Mapping[str, Elements] = field(default_factory=dict)
    one: Mapping[str, Mapping[str, Shaped[np.ndarray, " rows"]]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name of the collection."""
        return collection_name(self.datatype)

    def collections(self) -> dict[str, Collection]:
        """The collection itself, and as podio has them those of its vectors and relations: ``_<collection>_<name>``."""
        datatype, number = DATATYPES[self.datatype], int(self.offsets[-1])
        columns = {
            name: cast(self.members[name], kind) if name in self.members else np.zeros(number, kind)
            for name, kind in datatype.members.items()
        }
        beside: dict[str, Collection] = {}
        elements = [(name, kinds, self.vectors.get(name)) for name, kinds in datatype.vectors.items()]
        elements += [(name, OBJECT_ID, self.many.get(name)) for name in datatype.many]
        for name, kinds, given in elements:
            counts = np.zeros(number, np.int64) if given is None else given.counts
            ends = offsets_from_counts(counts)
            first = np.repeat(ends[self.offsets[:-1]], np.diff(self.offsets))
            columns[f"{name}_begin"] = (ends[:-1] - first).astype(np.uint32)
            columns[f"{name}_end"] = (ends[1:] - first).astype(np.uint32)
            found = {} if given is None else given.columns
            filled = {
                column: cast(found[column], kind) if column in found else np.zeros(int(ends[-1]), kind)
                for column, kind in kinds.items()
            }
            beside[f"_{self.name}_{name}"] = Collection(ends[self.offsets], filled)
        for name in datatype.one:
            nothing = {column: np.full(number, value) for column, value in zip(OBJECT_ID, NO_OBJECT, strict=True)}
            given_one = self.one.get(name, nothing)
            columns_one = {column: cast(given_one[column], kind) for column, kind in OBJECT_ID.items()}
            beside[f"_{self.name}_{name}"] = Collection(self.offsets, columns_one)
        return {self.name: Collection(self.offsets, columns)} | beside


def cast(values: Shaped[np.ndarray, "rows ..."], kind: np.dtype) -> Shaped[np.ndarray, "rows ..."]:
    """Values as a member holds them; whole numbers that are not there are -1, or 0 where there is no sign."""
    if kind.base.kind in "iu" and values.dtype.kind == "f":
        values = np.where(np.isfinite(values), np.round(values), -1 if kind.base.kind == "i" else 0)
    return np.ascontiguousarray(values.astype(kind.base))


def ids(datatype: str, index: Shaped[np.ndarray, " rows"]) -> dict[str, np.ndarray]:
    """What points to rows of a type: their places, and the number of their collection."""
    return {"index": index, "collectionID": np.full(len(index), collection_id(collection_name(datatype)))}


def related(datatype: str, counts: Int64[np.ndarray, " rows"], index: Shaped[np.ndarray, " all"]) -> Elements:
    """Relations of each row to so many rows of a type."""
    return Elements(counts, ids(datatype, index))
