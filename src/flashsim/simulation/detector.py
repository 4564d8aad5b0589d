"""A detector: the ordered stages of a card, trained, applied to blocks of events."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Bool, Int32

from flashsim.release import Detector
from flashsim.simulation.blocks import Block
from flashsim.simulation.keys import object_counters, object_keys
from flashsim.simulation.members import event_members
from flashsim.simulation.responses import run_stage
from flashsim.stages import Namespace, conditions, require_finite
from flashsim.training import ExternalResponse


@dataclass(frozen=True)
class SimulatedBlock:
    """A block with everything that the stages drew.

    `namespace` holds the truth and the reconstructed columns, `member` which member of the ensembles simulated each
    event (0 where there are none), `selected` which objects each stage was applied to, `outside` which of these lay
    outside the training range of the stage.
    """

    block: Block
    namespace: Namespace
    member: Int32[np.ndarray, " events"]
    selected: dict[str, Bool[np.ndarray, " objects"]] = field(default_factory=dict)
    outside: dict[str, Bool[np.ndarray, " objects"]] = field(default_factory=dict)

    @property
    def outside_any(self) -> Bool[np.ndarray, " objects"]:
        """Objects outside the training range of at least one stage."""
        return np.logical_or.reduce(list(self.outside.values()))


def simulate_block(detector: Detector, block: Block, seed: int) -> SimulatedBlock:
    """Apply the stages in order. The bits depend on the release, the seed and the events alone."""
    namespace = Namespace(detector.card, block.batch)
    simulated = SimulatedBlock(block, namespace, event_members(detector, block, seed))
    member = simulated.member[block.batch.event_index]
    keys = object_keys(seed, object_counters(block.batch, block.copy))
    objects = block.batch.n_objects
    for trained in detector.stages:
        rows = namespace.selected(trained.stage.where)
        inputs = conditions(namespace, trained.columns, rows)
        require_finite(trained.stage, inputs, [column.name for column in trained.columns], namespace, rows, "events")
        drawn, beyond = run_stage(trained, keys[rows], inputs, member[rows])
        if isinstance(trained.response, ExternalResponse):
            require_finite(trained.stage, drawn, trained.outputs, namespace, rows, trained.response.model.name)
        attached: dict[str, Any] = {}
        for index, name in enumerate(trained.outputs):
            # What a stage does not apply to has no response: class 0 of a category, else not a number.
            column = np.zeros(objects, np.int32) if trained.classes else np.full(objects, np.nan)
            column[rows] = drawn[:, index]
            attached[name] = column
        namespace.attach(attached)
        simulated.selected[trained.stage.name] = rows
        simulated.outside[trained.stage.name] = np.zeros(objects, dtype=bool)
        simulated.outside[trained.stage.name][rows] = beyond
    return simulated
