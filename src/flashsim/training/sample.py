"""The reference sample of a card: read, selected, split by event, and checked against the card."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from jaxtyping import Bool

from flashsim.card import Card, Column, Names, Reconstructed, Related, SampleFiles, Split, factor, leaves
from flashsim.errors import FlashSimError
from flashsim.events import LEFT_OVER, ByIndex, ColumnSource, EventBatch, Nearest, Relation, SumOf, read_events
from flashsim.random import GOLDEN, splitmix
from flashsim.stages import Namespace, generated, parsed, truth_of, with_unmatched
from flashsim.training.unrounded import unrounded

Part = Literal["train", "validation", "test"]
CHUNK_EVENTS = 20_000


def sample_files(card: Card, part: Part) -> list[Path]:
    """The files of one part of the sample, relative names taken from the folder of the card."""
    files = card.sample.files
    names = getattr(files, part) if isinstance(files, SampleFiles) else files
    return [card.folder / name for name in names]


def truth_sources(card: Card) -> dict[str, ColumnSource]:
    """Where the generator's columns come from, with the factor to internal units."""
    return {name: _source(card, name, column, column.default) for name, column in card.columns.items()}


def reference_sources(card: Card) -> dict[str, ColumnSource]:
    """The generator's columns and those of the full simulation."""
    sources = truth_sources(card) | {
        name: _source(card, name, column, None) for name, column in card.reconstructed.items()
    }
    if card.unmatched is not None and card.unmatched.of is not None:
        sources[LEFT_OVER] = ColumnSource(LEFT_OVER, relation=relation_of(card.unmatched.of, card.related))
    return sources


def generated_sources(card: Card) -> dict[str, ColumnSource]:
    """What simulation reads: the generator's columns, and those that tell which objects are unmatched."""
    known = reference_sources(card)
    # A file without these columns has no such objects; no file has a number that is none.
    told = {name: replace(known[name], default=np.nan) for name in _telling(card)}
    return truth_sources(card) | told


def generated_objects(card: Card, batch: EventBatch) -> EventBatch:
    """The generated objects of what was read from `generated_sources`: without those that are unmatched."""
    table = card.unmatched
    if table is None or table.where is None:
        return batch
    unmatched = Namespace(card, batch).selected(table.where)
    for name in _telling(card):
        unmatched &= np.isfinite(batch.columns[name])
    return truth_of(card, batch.keep(~unmatched))


def generated_batches(card: Card, files: list[Path], *, chunk_events: int) -> Iterator[EventBatch]:
    """The generated objects of any files, to be simulated: of full simulation without those that are unmatched."""
    for batch in read_events(
        files,
        generated_sources(card),
        tree=card.sample.tree,
        event=card.sample.event,
        chunk_events=chunk_events,
        together=card.sample.collisions == "together",
    ):
        yield generated_objects(card, batch)


def _telling(card: Card) -> list[str]:
    """The reconstructed columns by which a sample tells unmatched objects."""
    if card.unmatched is None or card.unmatched.where is None:
        return []
    used = leaves(parsed(card.unmatched.where), Names(card).reference)
    return sorted((used - card.columns.keys()) & card.reconstructed.keys())


def _source(card: Card, name: str, column: Column | Reconstructed, default: float | None) -> ColumnSource:
    relation = None if column.of is None else relation_of(column.of, card.related)
    return ColumnSource(column.source or name, factor(column.unit), default, relation)


def relation_of(name: str, tables: Mapping[str, Related]) -> Relation:
    """The rule of the table `[related.<name>]`; `tables` are all of them."""
    related = tables[name]
    if related.index is not None:
        return ByIndex(related.index, related.rank)
    if related.total is not None:
        return SumOf(related.total, related.where)
    assert related.nearest is not None
    assert related.to is not None
    assert related.radius is not None
    before = [relation_of(one, tables) for one in related.without]
    return Nearest(
        related.nearest,
        related.to,
        related.radius,
        related.rank,
        related.once,
        related.where,
        tuple(one for one in before if isinstance(one, ByIndex | Nearest)),
    )


def read_sample(card: Card, part: Part) -> EventBatch:
    """One part of the reference sample, with the card's `sample.where` applied."""
    return EventBatch.concatenate(list(sample_batches(card, part)))


def sample_batches(card: Card, part: Part) -> Iterator[EventBatch]:
    """The same in pieces, as it is read."""
    return reference_batches(card, sample_files(card, part), None if _has_parts(card) else part)


def reference_batches(card: Card, files: list[Path], part: Part | None = None) -> Iterator[EventBatch]:
    """Full simulation from any files in the form of the card's sample, in pieces; all events for `part` None.

    FlashSimError in the end if there was nothing.
    """
    run, event = card.sample.event
    named = ", ".join(str(file) for file in files)
    objects, empty = 0, True
    for whole in read_events(
        files, reference_sources(card), tree=card.sample.tree, event=(run, event), chunk_events=CHUNK_EVENTS
    ):
        batch = unrounded(card, whole)
        if part is not None:
            batch = events_of_part(batch, card.sample.split, part)
        batch = chosen_objects(card, with_unmatched(card, batch), card.sample.where)
        objects, empty = objects + int(generated(batch).sum()), False
        yield batch
    if empty:
        raise FlashSimError(f"{named}: there are no events")
    if objects == 0:
        what = "no objects" if part is None else f"no objects in the {part} part"
        raise FlashSimError(f"{named}: {what} after sample.where = {card.sample.where!r}")


def chosen_objects(card: Card, batch: EventBatch, where: str | None) -> EventBatch:
    """The generated objects for which `where` holds, and all slots."""
    if where is None:
        return batch
    return batch.keep(Namespace(card, batch).selected(where) | ~generated(batch))


def _has_parts(card: Card) -> bool:
    return isinstance(card.sample.files, SampleFiles)


def events_of_part(batch: EventBatch, split: Split, part: Part) -> EventBatch:
    """The events of one part, by a hash of their numbers: an event stays in its part when files are added."""
    mixed = splitmix(batch.run.astype(np.uint64) * np.uint64(GOLDEN) + batch.event.astype(np.uint64))
    uniform = mixed.astype(np.float64) / 2.0**64
    total = split.train + split.validation + split.test
    edges = np.cumsum([split.train, split.validation]) / total
    parts = np.searchsorted(edges, uniform, side="right")
    return _events(batch, parts == get_args(Part).index(part))


def _events(batch: EventBatch, kept: Bool[np.ndarray, " events"]) -> EventBatch:
    """Only some events of a batch."""
    objects = batch.keep(kept[batch.event_index])
    counts = np.diff(objects.offsets)[kept]
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return EventBatch(run=batch.run[kept], event=batch.event[kept], offsets=offsets, columns=objects.columns)
