"""Blocks: the canonical pieces of a sample, cut by its content and never by how it is read."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64

from flashsim.events import EventBatch

BLOCK = 32768
"""A block closes with the event that fills it to so many objects, copies included."""


@dataclass(frozen=True)
class Block:
    """Whole events, each present once a copy; `copy` numbers the copies of an event from 0."""

    number: int
    batch: EventBatch
    copy: Int64[np.ndarray, " events"]
    events_read: int
    objects_read: int


def blocks(batches: Iterable[EventBatch], copies: int = 1, size: int = BLOCK) -> Iterator[Block]:
    """Cut a stream of events into blocks, the same ones whatever the batches of the reader were.

    Every event is repeated `copies` times (oversampling). The last block may be small; events
    without objects stay. An event is never cut, so a block is as large as its last event makes it;
    a stream of empty events closes a block at `size` events.
    """
    number, waiting, objects, events = 0, [], 0, 0
    for batch in batches:
        start = 0
        # The objects and events of the open block, after each event of the batch.
        filled = np.maximum((objects + batch.offsets[1:]) * copies, events + np.arange(1, batch.n_events + 1))
        while True:
            closing = int(np.searchsorted(filled, size)) + 1
            if closing > batch.n_events:
                break
            waiting.append(batch.slice(start, closing))
            yield _block(number, waiting, copies)
            number, waiting, start = number + 1, [], closing
            objects, events = -int(batch.offsets[closing]), -closing
            filled = np.maximum((objects + batch.offsets[1:]) * copies, events + np.arange(1, batch.n_events + 1))
        rest = batch.slice(start, batch.n_events)
        waiting.append(rest)
        objects, events = objects + batch.n_objects, events + batch.n_events
    if sum(batch.n_events for batch in waiting):
        yield _block(number, waiting, copies)


def first_events(batches: Iterable[EventBatch], events: int) -> Iterator[EventBatch]:
    """The first so many events of a stream."""
    for batch in batches:
        if batch.n_events >= events:
            yield batch.slice(0, events)
            return
        yield batch
        events -= batch.n_events


def _block(number: int, waiting: list[EventBatch], copies: int) -> Block:
    batch = EventBatch.concatenate([piece for piece in waiting if piece.n_events])
    events, objects = batch.n_events, batch.n_objects
    copy = np.tile(np.arange(copies, dtype=np.int64), events)
    return Block(number, _repeated(batch, copies), copy, events, objects)


def _repeated(batch: EventBatch, copies: int) -> EventBatch:
    if copies == 1:
        return batch
    counts = np.repeat(np.diff(batch.offsets), copies)
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    first = np.repeat(batch.offsets[:-1], copies)
    rows = np.arange(offsets[-1]) + np.repeat(first - offsets[:-1], counts)
    return EventBatch(
        run=np.repeat(batch.run, copies),
        event=np.repeat(batch.event, copies),
        offsets=offsets,
        columns={name: values[rows] for name, values in batch.columns.items()},
    )
