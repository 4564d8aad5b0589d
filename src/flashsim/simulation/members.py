"""Which member of a detector's ensembles simulates an event: one for all of its objects and stages."""

import numpy as np
from jaxtyping import Int32

from flashsim.release import Detector
from flashsim.simulation.blocks import Block
from flashsim.simulation.keys import event_counters, object_keys

NO_OBJECT = np.uint32(0xFFFFFFFF)
"""The place in its event that no object has."""


def event_members(detector: Detector, block: Block, seed: int) -> Int32[np.ndarray, " events"]:
    """The member of each event: drawn evenly by seed, run, event and copy, or the one that the detector has left.

    One member an event, and not an object, as what a member has learnt wrongly it does wrongly to all of them.
    """
    if detector.member is not None or detector.members == 1:
        return np.full(block.batch.n_events, detector.member or 0, np.int32)
    counters = event_counters(block.batch, block.copy)
    place = np.full((len(counters), 1), NO_OBJECT)
    word = object_keys(seed, np.concatenate([counters, place], axis=1))[:, 0]
    return (word.astype(np.uint64) * np.uint64(detector.members) >> np.uint64(32)).astype(np.int32)
