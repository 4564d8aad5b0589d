"""Objects that follow no generated one: as many as theory says, what theory says, and no law broken for the others."""

from dataclasses import replace
from pathlib import Path

import awkward as ak
import equinox as eqx
import jax
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import unmatched_toy as toy
from made_once import made_once

from flashsim.api import simulate, train
from flashsim.card import Card, read_card
from flashsim.errors import FlashSimError
from flashsim.events import EventBatch, content_sha256, read_events
from flashsim.exports.chain import Chain
from flashsim.exports.describe import describe
from flashsim.release import Detector, load
from flashsim.simulation import Block, blocks
from flashsim.simulation.detector import simulate_block
from flashsim.stages import Namespace, conditions, generated, truth_of
from flashsim.training import left_over, read_sample, truth_sources
from flashsim.validation.samples.pair import side_by_side
from flashsim.validation.samples.release import release_views
from flashsim.validation.views.blocks import joined as joined_views

EVENTS = 20_000
MEMBERS = 3


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The toy with its release, trained by one worker for all."""

    def make(folder: Path) -> None:
        toy.write_fakes(folder)
        train(folder / "fakes.toml", folder / "release")

    return made_once(tmp_path_factory, "fakes", make)


@pytest.fixture(scope="module")
def card(folder: Path) -> Card:
    return read_card(folder / "fakes.toml")


@pytest.fixture(scope="module")
def detector(folder: Path) -> Detector:
    return load(folder / "release")


@pytest.fixture(scope="module")
def ensemble(detector: Detector) -> Detector:
    """The same with three members a stage that are plainly not the same."""

    def member(response, number: int):
        model = jax.tree.map(lambda leaf: leaf * (1 + 0.1 * number) if eqx.is_inexact_array(leaf) else leaf, response)
        return eqx.tree_at(lambda r: r.model, response, model.model)

    stages = tuple(
        replace(
            trained,
            stage=trained.stage.model_copy(update={"members": MEMBERS}),
            members=tuple(member(trained.response, number) for number in range(MEMBERS)),
        )
        for trained in detector.stages
    )
    return replace(detector, card=detector.card.model_copy(update={"stages": [s.stage for s in stages]}), stages=stages)


@pytest.fixture(scope="module")
def reference(card: Card) -> EventBatch:
    return read_sample(card, "test")


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Events of a generator: it knows nothing of unmatched objects, and some of its events are empty."""
    random = np.random.default_rng(7)
    own = random.poisson(toy.PER_EVENT, 200)
    own[[3, 50]] = 0
    columns = {
        "run": np.ones(200, np.int32),
        "event": np.arange(200),
        "pt": ak.Array([np.exp(random.normal(3, 0.5, k)) for k in own]),
        "pileup": ak.Array([np.full(k, random.integers(10, 50)) for k in own]),
    }
    arrays = {n: ak.to_arrow(v, extensionarray=False) if isinstance(v, ak.Array) else v for n, v in columns.items()}
    path = tmp_path_factory.mktemp("generated") / "events.parquet"
    pq.write_table(pa.table(arrays), path)
    return path


@pytest.fixture(scope="module")
def many(detector: Detector) -> tuple[EventBatch, np.ndarray]:
    """Many events of the truth of the toy, simulated: all objects, and how many unmatched ones an event has."""
    random = np.random.default_rng(11)
    own = random.poisson(toy.PER_EVENT, EVENTS)
    pileup = random.integers(10, 50, EVENTS)
    n, number = int(own.sum()), np.arange(EVENTS, dtype=np.int64)
    columns = {"pt": np.exp(random.normal(3, 0.5, n)), "pileup": np.repeat(pileup, own)}
    batch = EventBatch(np.ones_like(number), number, np.append(0, np.cumsum(own)).astype(np.int64), columns)
    found = [simulate_block(detector, block, 0) for block in blocks([batch])]
    names = ("rec_pt", "x", "kind", "n_fakes", "unmatched", "pileup", "slot")
    parts = [one.batch.with_columns(**{name: one.namespace[name] for name in names}) for one in found]
    whole = EventBatch.concatenate(parts)
    return whole, np.bincount(whole.event_index[whole.columns["unmatched"]], minlength=EVENTS)


# ------------------------------------------------------------------------------------------------------------- theory


def test_their_number_has_the_mean_and_the_variance_of_its_law(many: tuple[EventBatch, np.ndarray]):
    """Poisson of mean 0.1 N: also in events of few and of many objects, as far as 3000 events for training tell."""
    batch, number = many
    own = np.bincount(batch.event_index[generated(batch)], minlength=EVENTS)
    for low, high in ((1, 6), (6, 11), (11, 17)):
        chosen = (own >= low) & (own < high)
        expected = toy.RATE * own[chosen].mean()
        learnt_from = 3000 * chosen.mean()  # events
        assert abs(number[chosen].mean() - expected) < 5 * np.sqrt(expected / learnt_from)
        spread = number[chosen].var() / number[chosen].mean()
        assert abs(spread - 1) < 5 * np.sqrt(2 / learnt_from) + 0.05
    slope, error = toy.RATE, np.sqrt(toy.RATE / (3000 * toy.PER_EVENT) * toy.PER_EVENT)
    found = np.polyfit(own, number, 1)[0]
    assert abs(found - slope) < 5 * error


def test_they_are_what_their_law_says(many: tuple[EventBatch, np.ndarray]):
    """log(pt) normal(1, 0.25), x normal(0.05 · pile-up, 0.5), of 2,400 objects for training."""
    batch, _ = many
    rows = batch.columns["unmatched"]
    for values, mean, width in (
        (np.log(batch.columns["rec_pt"][rows]), 1.0, 0.25),
        (batch.columns["x"][rows] - toy.SHIFT * batch.columns["pileup"][rows], 0.0, 0.5),
    ):
        assert abs(values.mean() - mean) < 6 * width / np.sqrt(2400)
        assert abs(values.std() / width - 1) < 6 / np.sqrt(2 * 2400) + 0.05
    assert abs((batch.columns["kind"][rows] == 2).mean() - 0.3) < 6 * np.sqrt(0.21 / 2400)


# --------------------------------------------------------------------------------------------------------------- laws


@pytest.mark.parametrize(
    ("name", "format"), [("flash.parquet", None), ("flash.root", None), ("flash.root", "rntuple"), ("flash.db", None)]
)
def test_workers_chunks_and_formats_change_nothing(ensemble: Detector, events: Path, tmp_path: Path, name: str, format):
    first, second = tmp_path / "first.parquet", tmp_path / name
    simulate(ensemble, events, first, workers=1, chunk_events=7, oversample=2)
    simulate(ensemble, events, second, workers=3, chunk_events=50, oversample=2, format=format)
    assert content_sha256(second) == content_sha256(first)


def test_a_run_that_was_stopped_goes_on(ensemble: Detector, events: Path, tmp_path: Path):
    def stop(_: object) -> None:
        raise KeyboardInterrupt

    simulate(ensemble, events, tmp_path / "whole.parquet", oversample=2)
    with pytest.raises(KeyboardInterrupt):
        simulate(ensemble, events, tmp_path / "flash.parquet", oversample=2, report=stop)
    counts = simulate(ensemble, events, tmp_path / "flash.parquet", oversample=2)
    assert (tmp_path / "flash.parquet").read_bytes() == (tmp_path / "whole.parquet").read_bytes()
    written = ak.from_parquet(tmp_path / "flash.parquet")["jet_particle"]
    assert counts.unmatched == ak.sum(written < 0) > 0
    assert counts.reconstructed == ak.count(written)


@pytest.mark.parametrize("size", [20, 300, 32768])
def test_blocks_change_nothing(detector: Detector, card: Card, events: Path, size: int):
    batches = list(read_events(events, truth_sources(card)))
    columns = ("rec_pt", "x", "kind", "n_fakes", "slot")
    found = [simulate_block(detector, block, 3) for block in blocks(batches, 2, size)]
    whole = simulate_block(detector, next(blocks(batches, 2)), 3)
    for name in columns:
        parts = np.concatenate([one.namespace[name] for one in found])
        np.testing.assert_array_equal(parts, whole.namespace[name])


def test_generated_objects_come_out_as_without_unmatched_ones(detector: Detector, card: Card, events: Path):
    """To the last bit."""
    stages = tuple(trained for trained in detector.stages if trained.stage.of == "generated")
    alone = card.model_copy(update={"unmatched": None, "stages": [one.stage for one in stages]})
    (block,) = blocks(read_events(events, truth_sources(card)))
    full = simulate_block(detector, block, 5)
    without = simulate_block(Detector(alone, stages), block, 5)
    own = full.namespace.of("generated")
    for name in ("found", "rec_pt", "x", "kind", "objects"):
        expected = without.namespace[name]
        assert full.namespace[name][own].astype(expected.dtype).tobytes() == expected.tobytes()


def test_copies_of_an_event_have_numbers_of_their_own(detector: Detector, card: Card, events: Path):
    (block,) = blocks(read_events(events, truth_sources(card)), 2)
    simulated = simulate_block(detector, block, 0)
    number = simulated.namespace["n_fakes"][simulated.namespace.of("events")]
    assert np.any(number[::2] != number[1::2])


def test_an_event_has_one_member(ensemble: Detector, card: Card, events: Path):
    """The unmatched objects of an event are those of its member alone."""
    (block,) = blocks(read_events(events, truth_sources(card)))
    mixed = simulate_block(ensemble, block, 0)
    for member in range(MEMBERS):
        alone = simulate_block(ensemble.with_member(member), block, 0)
        first, second = (one.batch.counts[mixed.member == member] for one in (mixed, alone))
        np.testing.assert_array_equal(first, second)


def test_what_is_written_links_to_nothing(detector: Detector, events: Path, tmp_path: Path):
    simulate(detector, events, tmp_path / "flash.parquet")
    flash = ak.from_parquet(tmp_path / "flash.parquet")
    generator = ak.from_parquet(events)
    assert ak.to_list(ak.num(flash["particle_pt"])) == ak.to_list(ak.num(generator["pt"]))
    unmatched = flash["jet_particle"] == -1
    assert ak.sum(unmatched) > 50
    assert ak.all(flash["jet_particle"][~unmatched] >= 0)
    assert ak.all(np.isfinite(flash["jet_rec_pt"]))
    # Those of an event come last, behind what follows generated objects.
    assert ak.all(ak.local_index(unmatched)[unmatched] >= ak.sum(~unmatched, axis=1))
    without = np.asarray(ak.num(generator["pt"]) == 0)
    assert ak.all(flash["jet_particle"][without] == -1)


# ------------------------------------------------------------------------------------------------- sample and reading


def test_a_sample_is_brought_into_the_form_of_simulation(card: Card, reference: EventBatch, folder: Path):
    raw = EventBatch.concatenate(list(read_events(folder / "test.parquet")))
    namespace = Namespace(card, reference)
    unmatched, first = namespace.of("unmatched"), namespace.of("events")
    assert namespace.of("generated").sum() == (~raw.columns["fake"]).sum()
    assert unmatched.sum() == raw.columns["fake"].sum()
    assert first.sum() == raw.n_events
    expected = np.bincount(raw.event_index, raw.columns["fake"], raw.n_events)
    np.testing.assert_array_equal(namespace["n_fakes"][first], expected)
    np.testing.assert_array_equal(namespace["x"][unmatched], raw.columns["x"][raw.columns["fake"]])
    assert set(namespace["pt"][unmatched]) == {0.0}  # the sample's -999 is no truth
    filled = unmatched & (reference.counts > reference.counts.min())[reference.event_index]
    own = np.isin(reference.event_index, np.unique(reference.event_index[generated(reference)]))
    pileup = {int(e): int(p) for e, p in zip(raw.event_index, raw.columns["pileup"], strict=True)}
    rows = np.flatnonzero(filled & own)
    assert [pileup[int(reference.event_index[row])] for row in rows] == namespace["pileup"][rows].tolist()


@pytest.mark.parametrize("stage", ["efficiency", "number", "fake"])
def test_the_inputs_of_a_stage_are_those_of_its_training(detector: Detector, card: Card, reference: EventBatch, stage):
    """The law: with the full simulation's outcome in the place of what earlier stages draw, the same bits."""
    trained = next(one for one in detector.stages if one.stage.name == stage)
    full = Namespace(card, reference)
    truth = {name: values for name, values in reference.columns.items() if name not in card.reconstructed}
    flash = Namespace(card, replace(reference, columns={n: v for n, v in truth.items() if n != "n_fakes"}))
    flash.attach({"n_fakes": reference.columns["n_fakes"]}, "events")
    rows = full.rows(trained.stage)
    np.testing.assert_array_equal(flash.rows(trained.stage), rows)
    assert rows.sum() > 0
    inputs = [conditions(namespace, trained.columns, rows) for namespace in (full, flash)]
    assert inputs[0].tobytes() == inputs[1].tobytes()


def test_the_truth_of_a_sample_has_none(card: Card, reference: EventBatch):
    truth = truth_of(card, reference)
    assert set(truth.columns) == set(card.columns)
    assert truth.n_objects == generated(reference).sum()


def test_a_flash_sample_that_is_read_back_is_what_was_simulated(
    detector: Detector, card: Card, folder: Path, reference: EventBatch, tmp_path: Path
):
    """`compare` from files sees the same numbers as `validate` beside the release."""
    truth = truth_of(card, reference)
    counts = np.repeat(np.arange(truth.n_events), truth.counts)
    simulate(detector, folder / "test.parquet", tmp_path / "flash.parquet")
    pair = side_by_side(card, [folder / "test.parquet"], [tmp_path / "flash.parquet"])
    from_files = {views[0].stage: joined_views(list(views)) for views in zip(*pair.blocks(), strict=True)}
    own = np.unique(counts)  # an event of a flat file has objects
    beside = {view.stage: view for view in release_views(detector, reference)}
    for name in ("number", "fake", "events", "fakes"):
        for side, kept in (("reference", None), ("candidate", own)):
            first, second = getattr(from_files[name], side), getattr(beside[name], side)
            chosen = slice(None) if kept is None else np.isin(second.event, kept)
            for column in second.columns:
                np.testing.assert_allclose(first.columns[column], second.columns[column][chosen], rtol=1e-6)


def test_a_sample_is_simulated_as_its_truth_is(
    detector: Detector, card: Card, folder: Path, reference: EventBatch, tmp_path
):
    """Its unmatched objects are no generated ones."""
    truth = truth_of(card, reference)
    counts = np.repeat(np.arange(truth.n_events), truth.counts)
    columns = {"run": truth.run[counts], "event": truth.event[counts], **truth.columns}
    pq.write_table(pa.table(columns), tmp_path / "truth.parquet")
    simulate(detector, tmp_path / "truth.parquet", tmp_path / "first.parquet", first=100)
    simulate(detector, folder / "test.parquet", tmp_path / "second.parquet", first=100)
    assert content_sha256(tmp_path / "first.parquet") == content_sha256(tmp_path / "second.parquet")


def test_export_is_of_generated_objects(detector: Detector):
    chain = Chain(detector)
    assert set(chain.noise) == {"efficiency", "response"}
    assert "n_fakes" not in chain.inputs
    described = describe(detector, chain, None)
    assert "unmatched objects" in described["detector"]["without"]
    assert [stage["of"] for stage in described["stages"]] == ["generated", "generated", "events", "unmatched"]


def test_how_many_a_sample_has_is_said(card: Card, folder: Path):
    counted = left_over(card)
    samples = [pq.read_table(folder / f"{part}.parquet")["fake"].to_numpy() for part in ("train", "validation", "test")]
    assert counted.objects == sum(int(fakes.sum()) for fakes in samples)
    assert sum(counted.multiplicity.values()) == 5000


def test_where_an_unmatched_object_is(card: Card, reference: EventBatch):
    namespace = Namespace(card, reference)
    row = int(np.flatnonzero(namespace.of("unmatched"))[0])
    assert f"event {reference.event[reference.event_index[row]]} unmatched object 0" in namespace.place(row)


def test_too_few_to_learn_from_is_said(card: Card, folder: Path):
    stage = next(one for one in card.stages if one.name == "fake").model_copy(update={"where": "kind > 5"})
    changed = card.model_copy(update={"stages": [one if one.name != "fake" else stage for one in card.stages]})
    with pytest.raises(FlashSimError, match=r"selects 0 of \d+ unmatched objects in the train sample"):
        train(changed, folder / "never")


def test_block_is_of_generated_objects(detector: Detector, card: Card, events: Path):
    block: Block = next(blocks(read_events(events, truth_sources(card))))
    assert "slot" not in simulate_block(detector, block, 0).block.batch.columns
