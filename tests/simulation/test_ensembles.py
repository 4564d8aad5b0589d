"""Ensembles in simulation: one member an event, for the cost of one, with bits that depend on nothing else."""

import json
from dataclasses import replace
from pathlib import Path

import awkward as ak
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pyarrow.parquet as pq
import pytest
import toy
from scipy.stats import chi2

from flashsim.api import simulate
from flashsim.errors import FlashSimError
from flashsim.events import EventBatch, content_sha256
from flashsim.exports.describe import describe
from flashsim.exports.functions import exported_stage
from flashsim.release import Detector, load, save
from flashsim.simulation.blocks import Block
from flashsim.simulation.members import event_members
from flashsim.simulation.responses import run_stage
from flashsim.simulation.tiles import GROUP_TILE, TILE
from flashsim.training import Response, TrainedStage

MEMBERS = 3
OBJECTS = TILE + 100
STAGES = pytest.mark.parametrize("stage", [0, 1], ids=["category", "response"])


@pytest.fixture(scope="module")
def detector(toy_detector: Detector) -> Detector:
    """The toy with three members a stage, that are plainly not the same."""
    stages = tuple(ensemble(trained) for trained in toy_detector.stages)
    card = toy_detector.card.model_copy(update={"stages": [trained.stage for trained in stages]})
    return replace(toy_detector, card=card, stages=stages)


def ensemble(trained: TrainedStage) -> TrainedStage:
    def member(number: int) -> Response:
        model = jax.tree.map(
            lambda leaf: leaf * (1 + 0.1 * number) if eqx.is_inexact_array(leaf) else leaf, trained.response.model
        )
        return eqx.tree_at(lambda r: r.model, trained.response, model)

    stage = trained.stage.model_copy(update={"members": MEMBERS})
    return replace(trained, stage=stage, members=tuple(member(number) for number in range(MEMBERS)))


@pytest.fixture(scope="module")
def inputs() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    keys = random.integers(0, 2**32, (OBJECTS, 2), dtype=np.uint32)
    numbers = random.normal(0.8, 0.3, (OBJECTS, 2))
    species = np.eye(2)[random.integers(0, 2, OBJECTS)]
    conditions = np.concatenate([numbers, species], axis=1).astype(np.float32)
    return keys, conditions, random.integers(0, MEMBERS, OBJECTS).astype(np.int32)


@STAGES
def test_an_object_is_simulated_by_its_member(detector: Detector, inputs: tuple, stage: int):
    """To the last bits: a member alone runs in larger tiles."""
    keys, conditions, member = inputs
    trained = detector.stages[stage]
    found, beyond = run_stage(trained, keys, conditions, member)
    alone = [run_stage(trained.with_member(number), keys, conditions) for number in range(MEMBERS)]
    for number in range(MEMBERS):
        rows = member == number
        np.testing.assert_allclose(found[rows], alone[number][0][rows], rtol=1e-5, atol=1e-6)
        np.testing.assert_array_equal(beyond[rows], alone[number][1][rows])
    assert len({outputs.tobytes() for outputs, _ in alone}) == MEMBERS


@STAGES
@pytest.mark.parametrize("objects", [0, 1, 31, GROUP_TILE, TILE])
def test_any_number_of_objects(detector: Detector, inputs: tuple, stage: int, objects: int):
    whole = run_stage(detector.stages[stage], *inputs)
    part = run_stage(detector.stages[stage], *(column[:objects] for column in inputs))
    for expected, found in zip(whole, part, strict=True):
        assert found.tobytes() == expected[:objects].tobytes()


def test_a_member_of_none_of_the_objects_changes_nothing(detector: Detector, inputs: tuple):
    keys, conditions, member = inputs
    rows = member != 1
    whole, _ = run_stage(detector.stages[1], keys, conditions, member)
    part, _ = run_stage(detector.stages[1], keys[rows], conditions[rows], member[rows])
    assert part.tobytes() == whole[rows].tobytes()


def block(run: np.ndarray, event: np.ndarray, copy: np.ndarray) -> Block:
    batch = EventBatch(run, event, np.arange(len(run) + 1, dtype=np.int64), {})
    return Block(0, batch, copy, len(run), len(run))


def test_members_are_drawn_evenly_by_seed_run_event_and_copy(detector: Detector):
    numbers = np.arange(30_000, dtype=np.int64)
    same = np.zeros_like(numbers)
    drawn = [
        event_members(detector, one, seed)
        for one, seed in (
            (block(same, numbers, same), 0),
            (block(same, numbers, same), 1),
            (block(same + 1, numbers, same), 0),
            (block(numbers, same, same), 0),
            (block(same, numbers, same + 1), 0),
        )
    ]
    for member in drawn:
        expected = len(numbers) / MEMBERS
        assert chi2.sf(((np.bincount(member) - expected) ** 2 / expected).sum(), MEMBERS - 1) > 1e-3
    for index, one in enumerate(drawn):
        for other in drawn[:index]:
            # Two independent draws agree in one of three events.
            assert abs((one == other).mean() - 1 / MEMBERS) < 5 * np.sqrt(2 / 9 / len(numbers))
    few = slice(1000, 1100)
    again = event_members(detector, block(same[few], numbers[few], same[few]), 0)
    np.testing.assert_array_equal(again, drawn[0][few])


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("events") / "events.parquet"
    columns = toy.toy_columns(120, seed=5)
    pq.write_table(toy.pa.table({name: columns[name] for name in ("run", "event", "pid", "px", "py", "pz")}), path)
    return path


@pytest.fixture(scope="module")
def drawn(detector: Detector, events: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("drawn") / "flash.parquet"
    simulate(detector, events, path, workers=1, chunk_events=7, oversample=2)
    return path


@pytest.mark.parametrize(("name", "format"), [("flash.parquet", None), ("flash.root", None), ("flash.root", "rntuple")])
def test_workers_chunks_and_formats_change_nothing(
    detector: Detector, events: Path, drawn: Path, tmp_path: Path, name: str, format
):
    simulate(detector, events, tmp_path / name, workers=3, chunk_events=50, oversample=2, format=format)
    assert content_sha256(tmp_path / name) == content_sha256(drawn)


def test_a_run_that_was_stopped_keeps_the_members(detector: Detector, events: Path, drawn: Path, tmp_path: Path):
    def stop(_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate(detector, events, tmp_path / "flash.parquet", oversample=2, report=stop)
    with pytest.raises(FlashSimError, match="another run"):
        simulate(detector, events, tmp_path / "flash.parquet", oversample=2, member=1)
    simulate(detector, events, tmp_path / "flash.parquet", oversample=2)
    assert (tmp_path / "flash.parquet").read_bytes() == drawn.read_bytes()


def test_one_member_for_all_events_has_the_same_random_numbers(
    detector: Detector, events: Path, drawn: Path, tmp_path: Path
):
    """An event that the member was drawn for comes out the same: a systematic variation, and nothing else."""
    mixed = ak.from_parquet(drawn)
    for member in range(MEMBERS):
        simulate(detector, events, tmp_path / f"{member}.parquet", oversample=2, member=member)
        varied = ak.from_parquet(tmp_path / f"{member}.parquet")
        assert set(varied["member"]) == {member}
        same, other = mixed["member"] == member, mixed["member"] != member
        for name in ("track_particle", "track_hits"):
            assert ak.to_list(varied[name][same]) == ak.to_list(mixed[name][same])
        first, second = (ak.to_numpy(ak.flatten(each["track_rec_p"][same])) for each in (varied, mixed))
        np.testing.assert_allclose(first, second, rtol=1e-5)
        assert ak.to_list(varied["track_rec_p"][other]) != ak.to_list(mixed["track_rec_p"][other])
        metadata = json.loads(pq.read_schema(tmp_path / f"{member}.parquet").metadata[b"flashsim"])
        assert metadata["member"] == member


def test_a_detector_without_ensembles_has_no_such_column(toy_detector: Detector, events: Path, tmp_path: Path):
    simulate(toy_detector, events, tmp_path / "flash.parquet", first=5)
    assert "member" not in pq.read_schema(tmp_path / "flash.parquet").names


@pytest.mark.parametrize("member", [-1, MEMBERS])
def test_a_member_that_is_not_there_is_refused(detector: Detector, events: Path, tmp_path: Path, member: int):
    with pytest.raises(FlashSimError, match=f"member {member}: this detector has 3; they are numbered from 0"):
        simulate(detector, events, tmp_path / "flash.parquet", member=member)


@pytest.mark.parametrize("member", [None, 2], ids=["all", "one"])
def test_saved_and_loaded_again_it_is_the_same(detector: Detector, inputs: tuple, tmp_path: Path, member: int | None):
    kept = detector if member is None else detector.with_member(member)
    save(kept, tmp_path / "release")
    loaded = load(tmp_path / "release")
    assert loaded.members == kept.members == (1 if member is not None else MEMBERS)
    for one, other in zip(kept.stages, loaded.stages, strict=True):
        assert [a.tobytes() for a in run_stage(one, *inputs)] == [a.tobytes() for a in run_stage(other, *inputs)]


def test_one_member_is_exported(detector: Detector, inputs: tuple):
    kept, trained = detector.with_member(2), detector.stages[1]
    assert describe(kept, None, "not asked for")["member"] == 2
    conditions, noise = jnp.asarray(inputs[1][:1]), jnp.ones((1, trained.response.model.noise))
    outputs, _ = exported_stage(kept.stages[1]).function(conditions[0], noise[0])
    wanted, _ = trained.members[2](conditions, noise)
    np.testing.assert_array_equal(np.asarray(outputs), np.asarray(wanted)[0])
