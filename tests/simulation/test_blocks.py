"""Blocks: cut by the content of a sample, never by how it was read."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashsim.events import EventBatch
from flashsim.events.read import rechunk
from flashsim.simulation import Block, blocks, first_events
from flashsim.simulation.run import read_ahead

EVENTS = st.lists(st.integers(0, 12), max_size=30)  # objects of each event; empty events among them
COPIES = st.integers(1, 3)
SIZE = st.integers(1, 20)  # smaller than the largest event, at times


def sample(counts: list[int]) -> EventBatch:
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    number = np.arange(len(counts), dtype=np.int64)
    return EventBatch(number // 5, number, offsets, {"x": np.arange(offsets[-1], dtype=float)})


def cut(batch: EventBatch, events: int) -> Iterator[EventBatch]:
    for start in range(0, batch.n_events, events):
        yield batch.slice(start, start + events)


def content(block: Block) -> tuple:
    batch = block.batch
    arrays = (batch.run, batch.event, batch.offsets, batch.columns["x"], block.copy)
    return block.number, block.events_read, block.objects_read, *(array.tolist() for array in arrays)


@given(counts=EVENTS, copies=COPIES, size=SIZE, events=st.integers(1, 40))
def test_blocks_do_not_depend_on_the_batches(counts: list[int], copies: int, size: int, events: int):
    whole = [content(block) for block in blocks([sample(counts)], copies, size)]
    assert [content(block) for block in blocks(cut(sample(counts), events), copies, size)] == whole


@given(counts=EVENTS, copies=COPIES, size=SIZE)
def test_every_event_comes_once_a_copy_in_order_and_whole(counts: list[int], copies: int, size: int):
    found = list(blocks(cut(sample(counts), 4), copies, size))
    assert [block.number for block in found] == list(range(len(found)))
    seen = [
        (int(event), int(copy), int(objects))
        for block in found
        for event, copy, objects in zip(block.batch.event, block.copy, block.batch.counts, strict=True)
    ]
    assert seen == [(event, copy, objects) for event, objects in enumerate(counts) for copy in range(copies)]
    assert sum(block.events_read for block in found) == len(counts)
    assert sum(block.objects_read for block in found) == sum(counts)


@given(counts=EVENTS, copies=COPIES, size=SIZE)
def test_a_copy_has_the_objects_of_its_event(counts: list[int], copies: int, size: int):
    original = sample(counts)
    for block in blocks([original], copies, size):
        for index, event in enumerate(block.batch.event):
            first, last = original.offsets[event : event + 2]
            copied = block.batch.columns["x"][block.batch.offsets[index] : block.batch.offsets[index + 1]]
            np.testing.assert_array_equal(copied, original.columns["x"][first:last])


@given(counts=EVENTS, copies=COPIES, size=SIZE)
def test_a_block_closes_with_the_event_that_fills_it(counts: list[int], copies: int, size: int):
    for block in list(blocks([sample(counts)], copies, size))[:-1]:
        before_last = block.batch.slice(0, block.batch.n_events - copies)
        assert max(block.batch.n_objects, block.events_read) >= size
        assert max(before_last.n_objects, before_last.n_events // copies) < size


@given(counts=EVENTS, events=st.integers(0, 40), batch=st.integers(1, 10))
def test_the_first_events_of_a_stream(counts: list[int], events: int, batch: int):
    found = [int(event) for piece in first_events(cut(sample(counts), batch), events) for event in piece.event]
    assert found == list(range(min(events, len(counts))))


def test_no_events_make_no_block():
    assert list(blocks([])) == []
    assert list(blocks([sample([])])) == []


def test_a_batch_is_full_with_few_large_events():
    found = list(rechunk(cut(sample([40_000] * 5), 1), 100, full_with=65_536))
    assert [batch.n_events for batch in found] == [2, 2, 1]
    assert np.concatenate([batch.event for batch in found]).tolist() == [0, 1, 2, 3, 4]


def noted(asked: list[int], items: int) -> Iterator[int]:
    """Numbers, of which it is noted that they were asked for; then an error."""
    for number in range(items):
        asked.append(number)
        yield number
    raise ValueError("the end")


def test_one_item_is_read_ahead_and_errors_arrive():
    asked: list[int] = []
    found = read_ahead(noted(asked, 3))
    assert [next(found), next(found)] == [0, 1]
    assert len(asked) >= 2
    assert next(found) == 2
    with pytest.raises(ValueError, match="the end"):
        next(found)


def test_a_reader_is_not_asked_again_after_it_is_left():
    asked: list[int] = []
    found = read_ahead(noted(asked, 1000))
    next(found)
    found.close()
    assert len(asked) <= 2
