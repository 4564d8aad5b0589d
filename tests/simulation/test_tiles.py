"""An object's bits do not depend on how many others there are, nor its numbers on its place among them."""

import numpy as np
import pytest

from flashsim.release import Detector
from flashsim.simulation.responses import run_stage
from flashsim.simulation.tiles import TILE

OBJECTS = TILE + 100


@pytest.fixture(scope="module")
def inputs(toy_detector: Detector) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    keys = random.integers(0, 2**32, (OBJECTS, 2), dtype=np.uint32)
    numbers = random.normal(0.8, 0.3, (OBJECTS, 2))
    species = np.eye(2)[random.integers(0, 2, OBJECTS)]
    return keys, np.concatenate([numbers, species], axis=1).astype(np.float32)


@pytest.mark.parametrize("stage", [0, 1], ids=["category", "response"])
@pytest.mark.parametrize("objects", [0, 1, 2, 31, TILE - 1, TILE, TILE + 1])
def test_any_number_of_objects(toy_detector: Detector, inputs: tuple, stage: int, objects: int):
    keys, conditions = inputs
    trained = toy_detector.stages[stage]
    whole = run_stage(trained, keys, conditions)
    part = run_stage(trained, keys[:objects], conditions[:objects])
    for expected, found in zip(whole, part, strict=True):
        assert found.tobytes() == expected[:objects].tobytes()


@pytest.mark.parametrize("stage", [0, 1], ids=["category", "response"])
@pytest.mark.parametrize("shift", [1, 7, 100, 1024])
def test_any_slot_of_a_tile(toy_detector: Detector, inputs: tuple, stage: int, shift: int):
    """To the last bit but one: a vectorised loop rounds its remainder, the last rows of a tile, in another way.

    An object's slot follows from the events before it, so that the same sample is the same bits.
    """
    keys, conditions = inputs
    trained = toy_detector.stages[stage]
    whole = run_stage(trained, keys, conditions)
    moved = run_stage(trained, np.roll(keys, shift, axis=0), np.roll(conditions, shift, axis=0))
    for expected, found in zip(whole, moved, strict=True):
        np.testing.assert_allclose(found, np.roll(expected, shift, axis=0), rtol=1e-6, atol=1e-7)
