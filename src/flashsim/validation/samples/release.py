"""A detector beside its reference: the same generated objects, simulated in full and in flash."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Int64

from flashsim.card import Card, Stage
from flashsim.events import EventBatch
from flashsim.release import Detector
from flashsim.simulation import simulate_blocks
from flashsim.simulation.detector import SimulatedBlock
from flashsim.stages import Namespace, generated, sample_weights, truth_of
from flashsim.validation.samples.probabilities import Probabilities
from flashsim.validation.samples.stages import descriptions, species_labels, stage_table, stage_values
from flashsim.validation.samples.tables import compared_table, comparison_view
from flashsim.validation.views import StageView, Table
from flashsim.validation.views.blocks import joined

TRUTH_EVENTS = 2000


@dataclass
class Tally:
    """How many events and objects have gone by."""

    events: int = 0
    objects: int = 0

    def counted(self, batches: Iterable[EventBatch]) -> Iterator[EventBatch]:
        """The same batches."""
        for batch in batches:
            self.events += batch.n_events
            self.objects += int(generated(batch).sum())
            yield batch


def release_views(detector: Detector, reference: EventBatch, *, seed: int = 0) -> list[StageView]:
    """One view a stage, then one a table of `[compare]`, of a reference that is in memory."""
    blocks = list(release_blocks(detector, [reference], seed=seed))
    return [joined(list(views)) for views in zip(*blocks, strict=True)]


def release_blocks(detector: Detector, reference: Iterable[EventBatch], *, seed: int = 0) -> Iterator[list[StageView]]:
    """Block by block, one view a stage, then one a table of `[compare]`: the reference's objects against those of the
    whole chain run on the same truth.

    The chain is run as in production: a stage is given what the stages before it drew, not what the
    full simulation had.
    """
    card = detector.card
    probabilities = {trained.stage.name: Probabilities(trained) for trained in detector.stages}
    waiting = Waiting()
    first = 0
    for simulated in simulate_blocks(detector, _truth(card, reference, waiting), seed=seed):
        batch = waiting.take(simulated.block.batch.n_events)
        numbers = np.arange(first, first + batch.n_events)
        first += batch.n_events
        full = Namespace(card, batch)
        weight = sample_weights(card, full)
        views = []
        for trained in detector.stages:
            rows = full.rows(trained.stage)
            learnt = stage_values(trained.stage, full, rows)
            weights = None if weight is None else weight[rows]
            views.append(
                StageView(
                    stage=trained.stage.name,
                    kind=trained.stage.kind,
                    reference=stage_table(card, trained.stage, full, learnt, numbers, rows, weights),
                    candidate=_drawn(card, trained.stage, trained.outputs, simulated, numbers),
                    conditions=list(trained.stage.given),
                    outputs=list(trained.outputs),
                    classes=list(trained.classes),
                    probability=probabilities[trained.stage.name](full, rows),
                    species_labels=species_labels(card),
                    **descriptions(card, trained.stage),
                )
            )
        for name, comparison in card.compare.items():
            tables = (
                compared_table(card, comparison, full, numbers, weight),
                compared_table(card, comparison, simulated.namespace, numbers, None),
            )
            views.append(comparison_view(card, name, *tables))
        yield views


@dataclass
class Waiting:
    """Events of the reference that have been read, but are not simulated yet."""

    batches: list[EventBatch] = field(default_factory=list)

    def take(self, events: int) -> EventBatch:
        """So many of them, in their order."""
        taken = []
        while events > 0:
            batch = self.batches.pop(0)
            if batch.n_events > events:
                self.batches.insert(0, batch.slice(events, batch.n_events))
            taken.append(batch.slice(0, events))
            events -= taken[-1].n_events
        return EventBatch.concatenate(taken)


def _truth(card: Card, reference: Iterable[EventBatch], waiting: Waiting) -> Iterator[EventBatch]:
    """What the generator knows, while the whole is put aside."""
    for whole in reference:
        for start in range(0, whole.n_events, TRUTH_EVENTS):
            batch = whole.slice(start, start + TRUTH_EVENTS)
            waiting.batches.append(batch)
            yield truth_of(card, batch)


def _drawn(
    card: Card,
    stage: Stage,
    outputs: Iterable[str],
    simulated: SimulatedBlock,
    events: Int64[np.ndarray, " events"],
) -> Table:
    rows = simulated.selected[stage.name]
    drawn = {name: simulated.namespace[name][rows] for name in outputs}
    return stage_table(card, stage, simulated.namespace, drawn, events, rows)
