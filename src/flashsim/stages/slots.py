"""Slots: rows behind the generated objects of an event, for the reconstructed objects that follow none of them.

Generated objects keep their places, so that nothing that is drawn for them depends on slots. The first slot of an event
is there whether an object fills it or not: it stands for the event when the number of objects is drawn.
"""

from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float, Int64, Shaped

from flashsim.card import SLOT, Card
from flashsim.events import LEFT_OVER, EventBatch
from flashsim.events.batch import offsets_from_counts
from flashsim.stages.namespace import Namespace


def generated(batch: EventBatch) -> Bool[np.ndarray, " objects"]:
    """Which rows are generated objects: all that are no slots."""
    return batch.columns[SLOT] < 0 if SLOT in batch.columns else np.ones(batch.n_objects, dtype=bool)


def with_slots(card: Card, batch: EventBatch, slots: Int64[np.ndarray, " events"]) -> EventBatch:
    """Events with so many slots each, at least one, behind their objects.

    A slot has what is equal for all objects of its event (`unmatched.columns`), else the default of a truth column, and
    0 in the place of a reconstructed one.
    """
    assert card.unmatched is not None, "the card has unmatched objects"
    offsets = offsets_from_counts(batch.counts + slots)
    event = np.repeat(np.arange(batch.n_events), np.diff(offsets))
    slot = np.arange(offsets[-1]) - np.repeat(offsets[:-1] + batch.counts, np.diff(offsets))
    own = slot < 0
    first = batch.offsets[:-1][event]
    columns: dict[str, np.ndarray] = {}
    for name, values in batch.columns.items():
        declared = card.columns.get(name)
        default = 0 if declared is None or declared.default is None else declared.default
        columns[name] = np.full(len(event), default, dtype=values.dtype)
        columns[name][own] = values
        if name in card.unmatched.columns and len(values):
            filled = ~own & (batch.counts > 0)[event]
            columns[name][filled] = values[first[filled]]
    columns[SLOT] = np.maximum(slot, -1)
    return EventBatch(batch.run, batch.event, offsets, columns)


def with_unmatched(card: Card, batch: EventBatch) -> EventBatch:
    """Events of a sample with their unmatched objects in slots, and the number of these.

    A card without unmatched objects leaves them as they are.
    """
    table = card.unmatched
    if table is None:
        return batch
    found = batch.columns[LEFT_OVER] if table.where is None else Namespace(card, batch).selected(table.where)
    columns = {name: values for name, values in batch.columns.items() if name != LEFT_OVER}
    batch = replace(batch, columns=columns)
    return joined(card, batch.keep(~found), batch.keep(found))


def joined(card: Card, batch: EventBatch, others: EventBatch) -> EventBatch:
    """Generated objects with the unmatched ones of the same events in slots, and the number of these."""
    assert card.unmatched is not None, "the card has unmatched objects"
    objects = with_slots(card, batch, np.maximum(others.counts, 1))
    number = others.counts[objects.event_index]
    filled = (objects.columns[SLOT] >= 0) & (objects.columns[SLOT] < number)
    columns: dict[str, np.ndarray] = {}
    for name in (others.columns.keys() & objects.columns.keys()) - card.columns.keys():
        columns[name] = objects.columns[name].copy()
        columns[name][filled] = others.columns[name]
    return objects.with_columns(**columns, **{card.unmatched.number: number})


def truth_of(card: Card, batch: EventBatch) -> EventBatch:
    """What a generator knows of the events of a sample: its columns, of generated objects."""
    truth = batch.keep(generated(batch))
    columns = {name: values for name, values in truth.columns.items() if name in card.columns}
    return EventBatch(truth.run, truth.event, truth.offsets, columns)


def filled_slots(
    batch: EventBatch, number: Int64[np.ndarray, " events"]
) -> tuple[EventBatch, Int64[np.ndarray, " rows"]]:
    """Events with one slot each, with a slot for each of so many objects; and the row that each row comes from."""
    own = batch.counts - 1
    counts = own + np.maximum(number, 1)
    offsets = offsets_from_counts(counts)
    place = np.arange(offsets[-1]) - np.repeat(offsets[:-1], counts)
    rows = np.repeat(batch.offsets[:-1], counts) + np.minimum(place, np.repeat(own, counts))
    columns = {name: values[rows] for name, values in batch.columns.items()}
    columns[SLOT] = np.maximum(place - np.repeat(own, counts), -1)
    return EventBatch(batch.run, batch.event, offsets, columns), rows


def sample_weights(card: Card, namespace: Namespace) -> Float[np.ndarray, " objects"] | None:
    """The weights of all objects of a sample, None where the card has none.

    Unmatched objects, and events when their number is learnt, have the mean weight of the generated objects of the
    event, 1 where there are none.
    """
    if card.sample.weight is None:
        return None
    weights = np.asarray(namespace.evaluate(card.sample.weight), dtype=np.float64)
    batch = namespace.batch
    if SLOT not in batch.columns:
        return weights
    own = namespace.of("generated")
    return np.where(own, weights, mean_of_events(weights, own, batch)[batch.event_index])


def mean_of_events(
    weights: Float[np.ndarray, " objects"], counted: Bool[np.ndarray, " objects"], batch: EventBatch
) -> Float[np.ndarray, " events"]:
    """The mean over the objects of each event that are counted; 1 where there are none."""
    event: Shaped[np.ndarray, " counted"] = batch.event_index[counted]
    sums = np.bincount(event, weights=weights[counted], minlength=batch.n_events)
    counts = np.bincount(event, minlength=batch.n_events)
    return np.where(counts > 0, sums / np.maximum(counts, 1), 1.0)
