"""What is written: events as rows, with the generated particles and what was reconstructed of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar, cast

import awkward as ak
import numpy as np
from jaxtyping import Int32, Int64, Shaped

from .batch import offsets_from_counts

Value = TypeVar("Value")


@dataclass(frozen=True)
class Collection:
    """Objects of one kind in consecutive events: those of event ``i`` are ``offsets[i]:offsets[i + 1]``."""

    offsets: Int64[np.ndarray, " boundaries"]
    columns: Mapping[str, Shaped[np.ndarray, " objects"]]

    def __post_init__(self) -> None:
        for name, values in self.columns.items():
            if len(values) != self.offsets[-1]:
                raise ValueError(f"column {name!r} has {len(values)} values for {self.offsets[-1]} objects")

    def slice(self, start: int, stop: int) -> "Collection":
        """The objects of events `start` to `stop` (not included)."""
        first, last = int(self.offsets[start]), int(self.offsets[stop])
        columns = {name: values[first:last] for name, values in self.columns.items()}
        return Collection(self.offsets[start : stop + 1] - first, columns)

    def to_awkward(self, *, nested: bool = False) -> ak.Array:
        """One list of records an event, with records in them for names with a dot if `nested`.

        Of a collection of one column without a name a list of its numbers.
        """
        contents: dict[str, Any] = {
            name: ak.contents.NumpyArray(cast(Any, np.ascontiguousarray(values))).to_RegularArray()
            for name, values in self.columns.items()
        }
        content = contents[""] if "" in contents else _record(contents, int(self.offsets[-1]), nested=nested)
        return ak.Array(ak.contents.ListOffsetArray(ak.index.Index64(self.offsets), content))


def grouped(columns: Mapping[str, Value]) -> dict[str, dict[str, Value]]:
    """Columns by the first part of their names, then by what follows the dot (nothing for a name without one)."""
    groups: dict[str, dict[str, Value]] = {}
    for name, value in columns.items():
        first, _, rest = name.partition(".")
        groups.setdefault(first, {})[rest] = value
    return groups


def _record(contents: Mapping[str, Any], length: int, *, nested: bool) -> Any:
    groups = grouped(contents) if nested else {name: {"": content} for name, content in contents.items()}
    fields = [inner[""] if "" in inner else _record(inner, length, nested=True) for inner in groups.values()]
    return ak.contents.RecordArray(fields, list(groups), length=length)


@dataclass(frozen=True)
class OutputBatch:
    """Consecutive events to write: ``collections["particle"]`` holds the truth, the others what was simulated.

    Collection ``track`` with column ``rec_x`` becomes the column ``track_rec_x``, a list an event. By
    agreement a simulated collection has ``particle``, the index of the truth object in the event (int32), and
    ``outside``, whether its conditions were outside the training range (bool). `copy` numbers the repetitions
    of an event that is simulated several times; `more` are further columns of one number an event.

    Collections of `records` are those of a data model: ``Tracks`` with the columns ``chi2`` and ``momentum.x`` is a
    list of records with records in them where a format has such, else the columns ``Tracks.chi2`` and
    ``Tracks.momentum.x``; one of a single column without a name is a list of numbers.
    """

    run: Int64[np.ndarray, " events"]
    event: Int64[np.ndarray, " events"]
    copy: Int32[np.ndarray, " events"]
    collections: Mapping[str, Collection]
    more: Mapping[str, Shaped[np.ndarray, " events"]] = field(default_factory=dict)
    records: bool = False

    def __post_init__(self) -> None:
        for name, values in self.more.items():
            if len(values) != len(self.run):
                raise ValueError(f"{name!r} has {len(values)} values for {len(self.run)} events")
        for name, collection in self.collections.items():
            if len(collection.offsets) != len(self.run) + 1:
                raise ValueError(f"{name!r} has {len(collection.offsets) - 1} events of {len(self.run)}")

    @property
    def n_events(self) -> int:
        """How many events, with those that are empty."""
        return len(self.run)

    @property
    def numbers(self) -> dict[str, Shaped[np.ndarray, " events"]]:
        """Every column of one number an event, in the order of writing."""
        return {"run": self.run, "event": self.event, "copy": self.copy, **self.more}

    def slice(self, start: int, stop: int) -> "OutputBatch":
        """Events `start` to `stop` (not included)."""
        return replace(
            self,
            run=self.run[start:stop],
            event=self.event[start:stop],
            copy=self.copy[start:stop],
            collections={name: these.slice(start, stop) for name, these in self.collections.items()},
            more={name: values[start:stop] for name, values in self.more.items()},
        )

    @staticmethod
    def concatenate(batches: Sequence["OutputBatch"]) -> "OutputBatch":
        """The events of several batches (at least one, of the same schema), one after the other."""
        if len(batches) == 1:
            return batches[0]
        collections = {
            name: Collection(
                offsets_from_counts(np.concatenate([np.diff(b.collections[name].offsets) for b in batches])),
                {
                    column: np.concatenate([batch.collections[name].columns[column] for batch in batches])
                    for column in collection.columns
                },
            )
            for name, collection in batches[0].collections.items()
        }
        return replace(
            batches[0],
            run=np.concatenate([batch.run for batch in batches]),
            event=np.concatenate([batch.event for batch in batches]),
            copy=np.concatenate([batch.copy for batch in batches]),
            collections=collections,
            more={name: np.concatenate([batch.more[name] for batch in batches]) for name in batches[0].more},
        )


@dataclass(frozen=True)
class OutputSchema:
    """The collections of an output, the columns of each, and the type of each column; and those of the events."""

    collections: Mapping[str, Mapping[str, np.dtype]]
    numbers: Mapping[str, np.dtype]
    records: bool = False

    @staticmethod
    def of(batch: OutputBatch) -> "OutputSchema":
        """The schema that a batch has."""
        return OutputSchema(
            {
                name: {column: _kind(values) for column, values in collection.columns.items()}
                for name, collection in batch.collections.items()
            },
            {name: values.dtype for name, values in batch.numbers.items()},
            batch.records,
        )

    def columns(self) -> Iterator[tuple[str, str, str, np.dtype]]:
        """``(written name, collection, column, type)`` of each list column, in the order of writing."""
        for name, columns in self.collections.items():
            for column, dtype in columns.items():
                joint = "." if self.records and column else "_" if column else ""
                yield f"{name}{joint}{column}", name, column, dtype

    def check(self, batch: OutputBatch) -> None:
        """Raise ValueError for a batch of another schema."""
        if OutputSchema.of(batch) != self:
            raise ValueError(f"a batch of {OutputSchema.of(batch)} cannot be written to a file of {self}")


def _kind(values: np.ndarray) -> np.dtype:
    """The type of a column; of one of matrices that of an array of numbers."""
    return values.dtype if values.ndim == 1 else np.dtype((values.dtype, values.shape[1:]))
