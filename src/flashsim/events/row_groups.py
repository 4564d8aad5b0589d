"""Where a file is cut into row groups: a function of the events alone, not of how they arrived."""

from collections.abc import Iterator

import numpy as np

from .output import OutputBatch

GROUP_OBJECTS = 1 << 17  # some ten MB with twenty columns
GROUP_EVENTS = 1 << 14


class RowGroups:
    """Gathers batches and gives row groups: one ends at the first event with which it holds
    `GROUP_OBJECTS` objects (of all collections) or `GROUP_EVENTS` events.
    """

    def __init__(self) -> None:
        self._held: list[OutputBatch] = []
        self._objects = 0
        self._events = 0

    def add(self, batch: OutputBatch) -> Iterator[OutputBatch]:
        """Take a batch; give the row groups that are complete with it."""
        counted = np.zeros(batch.n_events + 1, dtype=np.int64)
        for collection in batch.collections.values():
            counted += collection.offsets
        start = 0
        while start < batch.n_events:
            # the first event whose end reaches the number of objects that still fits
            full = int(np.searchsorted(counted, counted[start] + GROUP_OBJECTS - self._objects))
            stop = min(full, start + GROUP_EVENTS - self._events, batch.n_events)
            self._held.append(batch.slice(start, stop))
            self._objects += int(counted[stop] - counted[start])
            self._events += stop - start
            start = stop
            if self._objects >= GROUP_OBJECTS or self._events >= GROUP_EVENTS:
                yield from self.rest()

    def rest(self) -> Iterator[OutputBatch]:
        """The last row group, if anything is left."""
        if self._held:
            group = OutputBatch.concatenate(self._held)
            self._held, self._objects, self._events = [], 0, 0
            yield group
