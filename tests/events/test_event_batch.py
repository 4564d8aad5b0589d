"""Laws of EventBatch, for any events whatever."""

import awkward as ak
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashsim.events import EventBatch


@st.composite
def batches(draw: st.DrawFn, min_objects: int = 0) -> EventBatch:
    counts = draw(st.lists(st.integers(min_objects, 4), max_size=8))
    n_objects = sum(counts)
    return EventBatch(
        run=np.array(draw(st.lists(st.integers(0, 2), min_size=len(counts), max_size=len(counts))), dtype=np.int64),
        event=np.arange(len(counts), dtype=np.int64),
        offsets=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        columns={"x": np.arange(n_objects, dtype=np.float64), "flag": np.arange(n_objects) % 2 == 0},
    )


def same(a: EventBatch, b: EventBatch) -> bool:
    return (
        np.array_equal(a.run, b.run)
        and np.array_equal(a.event, b.event)
        and np.array_equal(a.offsets, b.offsets)
        and list(a.columns) == list(b.columns)
        and all(np.array_equal(a.columns[name], b.columns[name]) for name in a.columns)
    )


@given(batches())
def test_indices_say_where_each_object_belongs(batch: EventBatch):
    pairs = [(e, o) for e, count in enumerate(batch.counts) for o in range(count)]
    assert list(zip(batch.event_index.tolist(), batch.object_index.tolist(), strict=True)) == pairs


@given(batches(), st.integers(0, 8), st.integers(0, 8))
def test_slices_put_together_are_the_whole(batch: EventBatch, a: int, b: int):
    first, second = sorted((a, b))
    parts = [batch.slice(0, first), batch.slice(first, second), batch.slice(second, batch.n_events)]
    assert same(EventBatch.concatenate(parts), batch)


@given(batches(), st.data())
def test_keep_drops_objects_but_no_event(batch: EventBatch, data: st.DataObject):
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=batch.n_objects, max_size=batch.n_objects)), dtype=bool)
    kept = batch.keep(mask)
    assert kept.n_events == batch.n_events
    assert kept.columns["x"].tolist() == batch.columns["x"][mask].tolist()
    assert kept.counts.tolist() == np.bincount(batch.event_index[mask], minlength=batch.n_events).tolist()


@given(batches(min_objects=1))
def test_flat_rows_and_events_are_the_same_thing(batch: EventBatch):
    index = batch.event_index
    assert same(EventBatch.from_flat(batch.run[index], batch.event[index], batch.columns), batch)


@given(batches())
def test_awkward_has_the_same_lists(batch: EventBatch):
    array = batch.to_awkward()
    assert ak.num(array["x"], axis=1).tolist() == batch.counts.tolist()
    assert ak.flatten(array["x"]).tolist() == batch.columns["x"].tolist()
    assert array["event"].tolist() == batch.event.tolist()


def test_with_columns_leaves_the_first_batch_alone():
    batch = EventBatch.from_flat(np.zeros(2, np.int64), np.zeros(2, np.int64), {"x": np.ones(2)})
    more = batch.with_columns(y=np.zeros(2), x=np.full(2, 7.0))
    assert set(more.columns) == {"x", "y"}
    assert batch.columns["x"].tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    ("offsets", "column", "complaint"),
    [([0, 2], [1.0], "values for 2 objects"), ([1, 1], [1.0], "start at 0"), ([0, 1, 1], [1.0], "do not match")],
)
def test_parts_that_do_not_fit_are_refused(offsets: list[int], column: list[float], complaint: str):
    zero = np.zeros(1, np.int64)
    with pytest.raises(ValueError, match=complaint):
        EventBatch(zero, zero, np.array(offsets, dtype=np.int64), {"x": np.array(column)})
