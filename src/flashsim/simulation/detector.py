"""A detector: the ordered stages of a card, trained, applied to blocks of events."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from jaxtyping import Bool, Int32

from flashsim.card import SLOT
from flashsim.events import EventBatch
from flashsim.release import Detector
from flashsim.simulation.blocks import Block
from flashsim.simulation.keys import KeysOnDemand
from flashsim.simulation.members import event_members
from flashsim.simulation.responses import run_stage
from flashsim.stages import Namespace, conditions, filled_slots, require_finite, with_slots
from flashsim.training import ExternalResponse, TrainedStage


@dataclass(frozen=True)
class SimulatedBlock:
    """A block with everything that the stages drew.

    `namespace` holds the truth and the reconstructed columns, `member` which member of the ensembles simulated each
    event (0 where there are none), `selected` which objects each stage was applied to, `outside` which of these lay
    outside the training range of the stage. Where the card has unmatched objects these follow the generated ones of
    their event in `namespace.batch`; `block` holds generated ones alone.
    """

    block: Block
    namespace: Namespace
    member: Int32[np.ndarray, " events"]
    selected: dict[str, Bool[np.ndarray, " objects"]] = field(default_factory=dict)
    outside: dict[str, Bool[np.ndarray, " objects"]] = field(default_factory=dict)

    @property
    def batch(self) -> EventBatch:
        """The events with all their objects, unmatched ones last."""
        return self.namespace.batch

    def as_stored(self) -> "SimulatedBlock":
        """The same as a file keeps it, where columns have a precision."""
        return replace(self, namespace=self.namespace.as_stored())

    @property
    def outside_any(self) -> Bool[np.ndarray, " objects"]:
        """Objects outside the training range of at least one stage; all unmatched ones of an event whose number was."""
        return np.logical_or.reduce(list(self.outside.values()))


def simulate_block(detector: Detector, block: Block, seed: int, collection: str = "") -> SimulatedBlock:
    """Apply the stages in order. The bits depend on the release, the seed and the events alone.

    `collection` is the name of the detector's objects where there are other objects in the same events.
    """
    batch = block.batch
    if detector.card.unmatched is not None:
        batch = with_slots(detector.card, batch, np.ones(batch.n_events, np.int64))
    simulated = SimulatedBlock(block, Namespace(detector.card, batch), event_members(detector, block, seed))
    keys = KeysOnDemand(seed, batch, block.copy, collection)
    for trained in detector.stages:
        _apply(trained, simulated, keys)
        if trained.stage.of == "events":
            simulated = _with_unmatched(trained, simulated)
            keys = KeysOnDemand(seed, simulated.batch, block.copy, collection)
    return simulated


def _apply(trained: TrainedStage, simulated: SimulatedBlock, keys: KeysOnDemand) -> None:
    """Draw what a stage predicts, and add it to the namespace."""
    stage, namespace = trained.stage, simulated.namespace
    rows = namespace.rows(stage)
    member = simulated.member[simulated.batch.event_index[rows]]
    inputs = conditions(namespace, trained.columns, rows)
    require_finite(stage, inputs, [column.name for column in trained.columns], namespace, rows, "events")
    drawn, beyond = run_stage(trained, keys[rows], inputs, member)
    if isinstance(trained.response, ExternalResponse):
        require_finite(stage, drawn, trained.outputs, namespace, rows, trained.response.model.name)
    attached: dict[str, Any] = {}
    for index, name in enumerate(trained.outputs):
        # What a stage does not apply to has no response: class 0 of a category, else not a number.
        column = np.zeros(len(rows), np.int32) if trained.classes else np.full(len(rows), np.nan)
        column[rows] = drawn[:, index]
        attached[name] = column[np.flatnonzero(rows)][simulated.batch.event_index] if stage.of == "events" else column
    namespace.attach(attached, stage.of)
    simulated.selected[stage.name] = rows
    simulated.outside[stage.name] = np.zeros(len(rows), dtype=bool)
    simulated.outside[stage.name][rows] = beyond


def _with_unmatched(trained: TrainedStage, simulated: SimulatedBlock) -> SimulatedBlock:
    """The same with a slot for each unmatched object: the stage has drawn how many an event has."""
    number = simulated.namespace[trained.outputs[0]][simulated.namespace.of("events")]
    batch, rows = filled_slots(simulated.batch, number.astype(np.int64))
    first = batch.columns[SLOT] <= 0
    return replace(
        simulated,
        namespace=simulated.namespace.with_rows(batch, rows),
        selected={name: mask[rows] & first for name, mask in simulated.selected.items()},
        outside={name: mask[rows] for name, mask in simulated.outside.items()},
    )
