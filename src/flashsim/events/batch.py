"""EventBatch: jagged events as flat columns and offsets, the one form in which events travel."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, cast

import awkward as ak
import numpy as np
from jaxtyping import Bool, Int64, Shaped


@dataclass(frozen=True)
class EventBatch:
    """Consecutive events: the objects of event ``i`` are rows ``offsets[i]:offsets[i + 1]`` of every column.

    ``(run, event)`` identifies an event for good: random numbers are drawn from it, so that no result
    depends on how events were grouped into batches. Events without objects are events like any other.
    """

    run: Int64[np.ndarray, " events"]
    event: Int64[np.ndarray, " events"]
    offsets: Int64[np.ndarray, " boundaries"]
    columns: Mapping[str, Shaped[np.ndarray, " objects"]]

    def __post_init__(self) -> None:
        if len(self.run) != len(self.event) or len(self.offsets) != len(self.run) + 1:
            raise ValueError(
                f"{len(self.run)} runs, {len(self.event)} events and {len(self.offsets)} offsets do not match"
            )
        if self.offsets[0] != 0 or np.any(np.diff(self.offsets) < 0):
            raise ValueError("offsets start at 0 and never decrease")
        for name, values in self.columns.items():
            if len(values) != self.n_objects:
                raise ValueError(f"column {name!r} has {len(values)} values for {self.n_objects} objects")

    @property
    def n_events(self) -> int:
        """How many events, with those that are empty."""
        return len(self.run)

    @property
    def n_objects(self) -> int:
        """How many objects in all events together."""
        return int(self.offsets[-1])

    @property
    def counts(self) -> Int64[np.ndarray, " events"]:
        """Number of objects of each event."""
        return np.diff(self.offsets)

    @cached_property
    def event_index(self) -> Int64[np.ndarray, " objects"]:
        """For each object, the position in this batch of the event that it belongs to."""
        return np.repeat(np.arange(self.n_events, dtype=np.int64), self.counts)

    @cached_property
    def object_index(self) -> Int64[np.ndarray, " objects"]:
        """For each object, its position in its own event."""
        return np.arange(self.n_objects, dtype=np.int64) - np.repeat(self.offsets[:-1], self.counts)

    def with_columns(self, **columns: Shaped[np.ndarray, " objects"]) -> "EventBatch":
        """The same events with columns added or replaced."""
        return replace(self, columns={**self.columns, **columns})

    def keep(self, mask: Bool[np.ndarray, " objects"]) -> "EventBatch":
        """The same events with only the objects where `mask` is true (an event may become empty)."""
        kept = np.concatenate([[0], np.cumsum(mask, dtype=np.int64)])
        columns = {name: values[mask] for name, values in self.columns.items()}
        return replace(self, offsets=kept[self.offsets], columns=columns)

    def slice(self, start: int, stop: int) -> "EventBatch":
        """Events `start` to `stop` (not included), as views of this batch."""
        start, stop, _ = slice(start, stop).indices(self.n_events)
        stop = max(start, stop)
        first, last = int(self.offsets[start]), int(self.offsets[stop])
        return EventBatch(
            run=self.run[start:stop],
            event=self.event[start:stop],
            offsets=self.offsets[start : stop + 1] - first,
            columns={name: values[first:last] for name, values in self.columns.items()},
        )

    @staticmethod
    def concatenate(batches: Sequence["EventBatch"]) -> "EventBatch":
        """The events of several batches (at least one, all with the same columns), one after the other."""
        if len(batches) == 1:
            return batches[0]
        names = list(batches[0].columns)
        for batch in batches:
            if set(batch.columns) != set(names):
                raise ValueError(f"batches with different columns: {names} and {list(batch.columns)}")
        counts = np.concatenate([batch.counts for batch in batches])
        return EventBatch(
            run=np.concatenate([batch.run for batch in batches]),
            event=np.concatenate([batch.event for batch in batches]),
            offsets=offsets_from_counts(counts),
            columns={name: np.concatenate([batch.columns[name] for batch in batches]) for name in names},
        )

    @staticmethod
    def from_flat(
        run: Int64[np.ndarray, " objects"],
        event: Int64[np.ndarray, " objects"],
        columns: Mapping[str, Shaped[np.ndarray, " objects"]],
    ) -> "EventBatch":
        """One row an object: consecutive rows with equal ``(run, event)`` form an event."""
        starts = event_starts(run, event)
        return EventBatch(
            run=run[starts],
            event=event[starts],
            offsets=np.append(starts, len(run)).astype(np.int64),
            columns=columns,
        )

    def to_awkward(self) -> ak.Array:
        """Records with `run`, `event`, and one list an event of each column."""
        layout = ak.index.Index64(self.offsets)
        fields: dict[str, Any] = {"run": self.run, "event": self.event}
        for name, values in self.columns.items():
            content: Any = ak.contents.NumpyArray(cast(Any, values))
            fields[name] = ak.Array(ak.contents.ListOffsetArray(layout, content))
        return ak.zip(fields, depth_limit=1)


def event_starts(
    run: Int64[np.ndarray, " objects"], event: Int64[np.ndarray, " objects"]
) -> Int64[np.ndarray, " events"]:
    """The rows at which ``(run, event)`` differs from the row before."""
    if len(run) == 0:
        return np.zeros(0, dtype=np.int64)
    changed = (run[1:] != run[:-1]) | (event[1:] != event[:-1])
    return np.concatenate([[0], np.flatnonzero(changed) + 1]).astype(np.int64)


def offsets_from_counts(counts: Int64[np.ndarray, " events"]) -> Int64[np.ndarray, " boundaries"]:
    """Offsets, starting at 0, of events with these numbers of objects."""
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
