"""Where a file is cut into row groups: a function of the events alone, not of how they arrived."""

from collections.abc import Iterator

import numpy as np

from .output import OutputBatch

GROUP_OBJECTS = 1 << 17  # some ten MB with twenty columns
GROUP_EVENTS = 1 << 14


class RowGroups:
    """Gathers batches and gives row groups: one ends at the first event with which it holds
    so many objects (of all collections; None: any number) or events.
    """

    def __init__(self, objects: int | None = GROUP_OBJECTS, events: int = GROUP_EVENTS) -> None:
        self._most = np.iinfo(np.int64).max // 2 if objects is None else objects, events
        self._held: list[OutputBatch] = []
        self._objects = 0
        self._events = 0

    def add(self, batch: OutputBatch) -> Iterator[OutputBatch]:
        """Take a batch; give the row groups that are complete with it."""
        most_objects, most_events = self._most
        counted = np.zeros(batch.n_events + 1, dtype=np.int64)
        for collection in batch.collections.values():
            counted += collection.offsets
        start = 0
        while start < batch.n_events:
            # the first event whose end reaches the number of objects that still fits
            full = int(np.searchsorted(counted, counted[start] + most_objects - self._objects))
            stop = min(full, start + most_events - self._events, batch.n_events)
            self._held.append(batch.slice(start, stop))
            self._objects += int(counted[stop] - counted[start])
            self._events += stop - start
            start = stop
            if self._objects >= most_objects or self._events >= most_events:
                yield from self.rest()

    def rest(self) -> Iterator[OutputBatch]:
        """The last row group, if anything is left."""
        if self._held:
            group = OutputBatch.concatenate(self._held)
            self._held, self._objects, self._events = [], 0, 0
            yield group
