"""A chain of detectors over the collections of whole events: each reads the input and what those before it drew."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Shaped

from flashsim.card import Card, Names, branch_of, factor, written_as
from flashsim.errors import FlashSimError
from flashsim.events import Branch, Collection, ColumnSource, EventBatch, OutputBatch, jagged_batch, present
from flashsim.events.source import missing_column
from flashsim.release import EventDetector
from flashsim.simulation.blocks import Block
from flashsim.simulation.detector import SimulatedBlock, simulate_block
from flashsim.simulation.drawn import Drawn, gathered
from flashsim.simulation.event_blocks import EventBlock
from flashsim.simulation.own_places import own_places
from flashsim.simulation.produce import counted
from flashsim.simulation.unfinished import Counts
from flashsim.training import generated_objects, generated_sources

OUTSIDE = "outside"
MEMBER = "FlashSim_member"


@dataclass(frozen=True)
class Chain:
    """The detectors of a release with the branches that the file `path` has to give them, `known` by name.

    FlashSimError when a branch is missing, or when a collection reads what is drawn later, or never.
    """

    detector: EventDetector
    known: dict[str, Branch]
    path: Path

    @cached_property
    def drawn_names(self) -> set[str]:
        """The collections that are drawn."""
        return {detector.card.output.name for detector in self.detector.detectors.values()}

    def is_drawn(self, branch: str) -> bool:
        """Whether a branch belongs to a collection that is drawn: what the input has of these is never read."""
        beginnings = tuple(branch_of(name, "") for name in self.drawn_names)
        return branch.startswith(beginnings) or branch in {f"n{name}" for name in self.drawn_names}

    @cached_property
    def sources(self) -> dict[str, dict[str, ColumnSource]]:
        """What each collection reads."""
        return {name: generated_sources(detector.card) for name, detector in self.detector.detectors.items()}

    @cached_property
    def singles(self) -> set[str]:
        """The collections whose objects are the events: all columns that are not of others are numbers of the event."""
        lists = {name for name, branch in self.known.items() if branch.counter is not None and not self.is_drawn(name)}
        found: set[str] = set()
        for name, sources in self.sources.items():
            if lists & {source.name for source in sources.values() if source.relation is None}:
                lists |= _written(self.detector.detectors[name].card)
            else:
                found.add(name)
        return found

    @cached_property
    def needed(self) -> list[str]:
        """The branches of the input that conditions are made of."""
        there = {name for name in self.known if not self.is_drawn(name)}
        available, needed = set(there), dict[str, None]()
        for name, detector in self.detector.detectors.items():
            for source in self.sources[name].values():
                for branch in source.needs:
                    if branch in available:
                        needed |= {branch: None} if branch in there else {}
                    elif source.default is None or self.is_drawn(branch):
                        error = missing_column(branch, available, self.path)
                        raise FlashSimError(f"[collection.{name}] {error}")
            available |= _written(detector.card)
        return list(needed)

    def simulate(self, block: EventBlock, seed: int) -> tuple[OutputBatch, Counts]:
        """Everything that is drawn for a block of events, collection by collection."""
        drawn = Drawn(self.detector.branches)
        total = Counts(events=block.events_read)
        members = {}
        for name, detector in self.detector.detectors.items():
            batch = self._read(name, block, drawn)
            simulated = simulate_block(detector, _block(block, batch), seed, name).as_stored()
            if name in self.singles:
                output = detector.card.output.name
                columns = _columns(detector.card, simulated, drawn, np.ones(batch.n_objects, dtype=bool))
                drawn.numbers |= {branch_of(output, column): values for column, values in columns}
            else:
                objects = _objects(detector.card, simulated, drawn)
                drawn.add(detector.card.output.name, objects, own_places(detector.card, self.sources[name]))
            if detector.has_members:
                members[f"{MEMBER}_{name}"] = simulated.member
            total = total + _renamed(counted(detector, simulated), name)
        for name, link in self.detector.event.links.items():
            drawn.link_back(name, link)
        filled = drawn.filled(len(block.run))
        batch = OutputBatch(
            block.run, block.event, block.copy.astype(np.int32), drawn.collections, drawn.numbers | members
        )
        return batch, replace(total, filled=filled)

    def _read(self, name: str, block: EventBlock, drawn: Drawn) -> EventBatch:
        """The generated objects of a collection, read as they are from a file: the same code as in training."""
        sources = self.sources[name]
        lists = {**block.rows.lists, **drawn.lists}
        numbers = {**block.rows.numbers, **drawn.numbers, **drawn.counters}
        found = present(sources, lists.keys() | numbers.keys(), block.path)
        batch = jagged_batch(block.run, block.event, lists, numbers, found, sources, block.path, block.row)
        return generated_objects(self.detector.detectors[name].card, batch)


def _written(card: Card) -> set[str]:
    """The branches that a collection draws."""
    link = [] if card.output.link is None else [card.output.link]
    drawn = {written_as(card, column) for column in card.output.columns}
    return drawn | {branch_of(card.output.name, name) for name in link} | {f"n{card.output.name}"}


def _block(block: EventBlock, batch: EventBatch) -> Block:
    objects = batch.n_objects // (int(block.copy.max(initial=0)) + 1)
    return Block(block.number, batch, block.copy, block.events_read, objects)


def _columns(
    card: Card, simulated: SimulatedBlock, drawn: Drawn, rows: Bool[np.ndarray, " objects"]
) -> Iterator[tuple[str, Shaped[np.ndarray, " written"]]]:
    """The written columns of some objects, in the units and types of the sample; and whether to trust them."""
    integers, name = Names(card).integers, card.output.name
    for column in card.output.columns:
        unit = card.reconstructed[column].unit if column in card.reconstructed else ""
        values = np.asarray(simulated.namespace[column])[rows]
        branch = written_as(card, column)
        values = values / factor(unit) if unit and factor(unit) != 1 else values
        yield branch.removeprefix(branch_of(name, "")), drawn.typed(branch, values, whole=column in integers)
    if card.output.link is not None:
        places = np.where(simulated.namespace.of("generated"), simulated.batch.object_index, -1)[rows]
        yield card.output.link, drawn.typed(branch_of(name, card.output.link), places)
    yield OUTSIDE, simulated.outside_any[rows]


def _objects(card: Card, simulated: SimulatedBlock, drawn: Drawn) -> Collection:
    rows: Bool[np.ndarray, " objects"] = simulated.namespace.written()
    offsets = gathered(rows, simulated.batch.event_index, simulated.batch.n_events)
    return Collection(offsets, dict(_columns(card, simulated, drawn, rows)))


def _renamed(counts: Counts, name: str) -> Counts:
    """The counts of a collection, its stages with its name before theirs; its events are those of all."""
    return Counts(
        objects=counts.objects,
        simulated=counts.simulated,
        reconstructed=counts.reconstructed,
        unmatched=counts.unmatched,
        given={f"{name}.{stage}": number for stage, number in counts.given.items()},
        outside={f"{name}.{stage}": number for stage, number in counts.outside.items()},
    )
