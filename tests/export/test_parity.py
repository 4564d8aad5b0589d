"""What is exported does what simulation does: every function, in every format."""

import importlib.util
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import toy
from formats import FORMATS

from flashsim.errors import FlashSimError
from flashsim.events import EventBatch
from flashsim.exports.chain import Chain
from flashsim.exports.functions import Exported
from flashsim.models import AbstractModel, create_model
from flashsim.nets import MLP
from flashsim.release import Detector
from flashsim.simulation import blocks, simulate_block
from flashsim.simulation.keys import normal_noise, object_counters, object_keys, stage_number
from flashsim.training import TrainedStage

TOLERANCE = 1e-5


def close(found: np.ndarray, wanted: np.ndarray, tolerance: float = TOLERANCE) -> None:
    """Equal to so many parts of the value, or of the spread of its column."""
    assert found.shape == wanted.shape
    np.testing.assert_array_equal(np.isnan(found), np.isnan(wanted))
    spread = np.nanstd(wanted, axis=0)
    assert (
        np.nan_to_num(np.abs(found - wanted)) <= tolerance * np.maximum(np.nan_to_num(np.abs(wanted)), spread)
    ).all()


def asked(trained: TrainedStage, objects: int) -> tuple[np.ndarray, np.ndarray]:
    """Conditions in the training range and a little beyond, and noise."""
    random, known = np.random.default_rng(3), trained.response.conditions
    low, high = np.asarray(known.lowest), np.asarray(known.highest)
    conditions = low + (high - low) * random.uniform(-0.02, 1.02, (objects, len(low)))
    for index, column in enumerate(trained.columns):
        if column.value is not None:
            conditions[:, index] = conditions[:, index] > 0.5
    noise = random.normal(size=(objects, trained.response.model.noise))
    return conditions.astype(np.float32), noise.astype(np.float32)


@pytest.mark.parametrize("objects", [1, 33, 3000])
def test_a_stage_answers_as_its_response(toy_detector: Detector, runs, objects: int):
    for trained in toy_detector.stages:
        conditions, noise = asked(trained, 3000)
        wanted, wanted_outside = map(np.asarray, jax.jit(trained.response.__call__)(conditions, noise))
        found, outside = runs[trained.stage.name](conditions[:objects], noise[:objects])
        # In units of the spread of all: the single object has none, and a covariance near zero no digits to compare.
        close(np.concatenate([found, wanted[objects:]]), wanted)
        np.testing.assert_array_equal(outside, wanted_outside[:objects])


def test_noise_far_out_gives_finite_outputs(toy_detector: Detector, runs):
    for trained in toy_detector.stages:
        conditions, noise = asked(trained, 64)
        found, _ = runs[trained.stage.name](conditions, np.sign(noise) * 8)
        assert np.isfinite(found).all()


def test_the_whole_detector_simulates_as_the_stages_of_simulation(toy_detector: Detector, runs):
    """The same truth and the same random numbers: the same objects are found, with the same values."""
    columns = toy.toy_columns(100, seed=9)
    truth = {name: columns[name] for name in ("pid", "px", "py", "pz")}
    counts = np.unique(columns["event"], return_counts=True)[1]
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    number = np.arange(len(counts), dtype=np.int64)
    batch = EventBatch(run=np.ones_like(number), event=number, offsets=offsets, columns=truth)
    (block,) = blocks([batch], 1)
    simulated = simulate_block(toy_detector, block, seed=4)
    keys = object_keys(4, object_counters(block.batch, block.copy))
    chain = Chain(toy_detector)
    noise = [
        np.asarray(normal_noise(jnp.asarray(keys), stage_number(name), size)) for name, size in chain.noise.items()
    ]
    table = np.stack([block.batch.columns[name] for name in chain.inputs], axis=1).astype(np.float32)
    found, selected, outside = runs["detector"](table, np.concatenate(noise, axis=1))
    output = toy_detector.card.output
    np.testing.assert_array_equal(selected, simulated.namespace.selected(output.where))
    np.testing.assert_array_equal(outside, simulated.outside_any)
    wanted = np.stack([simulated.namespace[name] for name in output.columns], axis=1)
    close(found[selected], wanted[selected], 1e-4)  # formulas in float32, in simulation in float64
    assert (found[~selected, output.columns.index("hits")] == -1).all()
    assert np.isnan(found[~selected, output.columns.index("rec_p")]).all()


def test_a_condition_that_is_no_number_is_outside(toy_detector: Detector, runs):
    chain = Chain(toy_detector)
    table = np.full((2, len(chain.inputs)), 5.0, np.float32)
    table[:, chain.inputs.index("pid")] = 13
    table[1, chain.inputs.index("pz")] = np.nan
    _, _, outside = runs["detector"](table, np.zeros((2, sum(chain.noise.values())), np.float32))
    assert outside[1]


def families() -> dict[str, Exported]:
    """The families of the table that all laws of models are tested with."""
    path = Path(__file__).parents[1] / "models" / "test_models.py"
    spec = importlib.util.spec_from_file_location("table_of_models", path)
    assert spec is not None
    assert spec.loader is not None
    table = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(table)
    keys = iter(jax.random.split(jax.random.key(1), 1000))

    # Away from zero, but not so far that float32 has no five digits left: at 0.1, scales are e⁴ and more, and JAX
    # compiled differs from JAX not compiled by 1.2e-5.
    def moved(part):
        if not isinstance(part, MLP):
            return part
        return jax.tree.map(lambda leaf: leaf + 0.03 * jax.random.normal(next(keys), leaf.shape), part)

    def exported(name: str, model: AbstractModel) -> Exported:
        model = jax.tree.map(moved, model, is_leaf=lambda part: isinstance(part, MLP))
        widths = {"conditions": table.CONDITIONS, "noise": model.noise}
        return Exported(name, lambda conditions, noise: (model.sample(conditions, noise),), widths, {"outputs": 3})

    return {
        name.replace(" ", "_").replace("-", "_"): exported(
            name.replace(" ", "_").replace("-", "_"),
            create_model(settings, table.CONDITIONS, table.TARGETS, jax.random.key(0)),
        )
        for name, settings in table.MODELS.items()
    }


@pytest.mark.parametrize("format", FORMATS)
def test_every_family_answers_as_in_jax(format: str, tmp_path: Path):
    exported = families()
    runs = FORMATS[format](list(exported.values()), tmp_path)
    random = np.random.default_rng(1)
    for name, one in exported.items():
        tables = [random.normal(size=(500, width)).astype(np.float32) for width in one.inputs.values()]
        (wanted,) = jax.jit(jax.vmap(one.function))(*tables)
        (found,) = runs[name](*tables)
        close(found, np.asarray(wanted))


@pytest.mark.parametrize("format", ["onnx", "c"])
def test_an_operation_that_a_format_lacks_is_named(format: str, tmp_path: Path):
    def sorts(conditions, noise):
        return (jax.numpy.sort(conditions) + noise,)

    with pytest.raises(FlashSimError, match="'sort' of JAX"):
        FORMATS[format]([Exported("sorted", sorts, {"conditions": 3, "noise": 3}, {"outputs": 3})], tmp_path)
