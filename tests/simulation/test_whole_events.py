"""Whole events: what is drawn hangs together, in the file that other programs read, whatever the way there."""

import runpy
from pathlib import Path

import awkward as ak
import nano_toy
import numpy as np
import pytest
import uproot
from scipy import stats

from flashsim.api import simulate
from flashsim.errors import FlashSimError
from flashsim.events import Collection, tree_branches
from flashsim.release import EventDetector
from flashsim.simulation import Counts, event_blocks
from flashsim.simulation.drawn import in_order, inverse, together

EVENTS = 256
ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.filterwarnings("ignore:Missing cross-reference:RuntimeWarning")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("nano")
    nano_toy.write_nano(folder / "nano.root", nano_toy.full(nano_toy.EVENTS, seed=1))
    nano_toy.write_nano(folder / "generator.root", nano_toy.truth(nano_toy.EVENTS, seed=1))
    return folder


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_blocks, "EVENTS", EVENTS)


@pytest.fixture(scope="module")
def detector(folder: Path) -> EventDetector:
    return nano_toy.detector(folder)


@pytest.fixture(scope="module")
def output(folder: Path, detector: EventDetector) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(event_blocks, "EVENTS", EVENTS)
        simulate(detector, folder / "nano.root", folder / "flash.root", seed=5)
    return folder / "flash.root"


@pytest.fixture(scope="module")
def events(output: Path) -> ak.Array:
    """As a NanoAOD analysis reads it."""
    nanoevents = pytest.importorskip("coffea.nanoevents")
    factory = nanoevents.NanoEventsFactory.from_root(
        {str(output): "Events"}, schemaclass=nanoevents.NanoAODSchema, mode="eager"
    )
    return factory.events()


def test_what_is_drawn_knows_where_it_comes_from(events: ak.Array):
    own = events.Jet[events.Jet.genJetIdx >= 0]
    assert ak.all(own.matched_gen.eta == own.eta)
    assert all(len(set(places)) == len(places) for places in own.genJetIdx.to_list())
    found = ak.sum(ak.num(own)) / ak.sum(ak.num(events.GenJet))
    assert found == pytest.approx(0.8, abs=4 * np.sqrt(0.8 * 0.2 / ak.sum(ak.num(events.GenJet))))
    ratio = ak.flatten(own.pt / own.matched_gen.pt)
    assert np.mean(ratio) == pytest.approx(1, abs=0.4 / np.sqrt(len(ratio)))
    assert np.std(ratio) == pytest.approx(0.1, rel=0.1)
    extra = ak.mean(ak.sum(events.Jet.genJetIdx < 0, axis=1))
    assert extra == pytest.approx(0.7, abs=4 * 0.78 / np.sqrt(len(events)))  # 0.3 + 2 · 0.2
    muons = events.Muon
    assert ak.all(abs(muons.matched_gen.pdgId) == 13)
    assert ak.all(muons.matched_gen.eta == muons.eta)
    # The unit of the file is kept: 0.01 cm, though lengths are millimetres in between.
    assert np.std(ak.flatten(muons.dxy)) == pytest.approx(0.01, rel=0.1)
    assert ak.mean(muons.isGlobal) == pytest.approx(0.841, abs=0.04)


def test_each_collection_reads_what_those_before_it_drew(events: ak.Array):
    assert ak.all(events.Jet.pt[:, :-1] >= events.Jet.pt[:, 1:])
    near = events.Muon.metric_table(events.Jet)
    expected = ak.fill_none(ak.where(ak.min(near, axis=2) < 0.4, ak.argmin(near, axis=2), -1), -1)
    assert ak.all(events.Muon.jetIdx == expected)
    back = [
        [([m for m, j in enumerate(muons) if j == place] + [-1, -1])[:2] for place in range(jets)]
        for muons, jets in zip(events.Muon.jetIdx.to_list(), ak.num(events.Jet).to_list(), strict=True)
    ]
    assert [[[one, two] for one, two in zip(*both, strict=True)] for both in zip(
        events.Jet.muonIdx1.to_list(), events.Jet.muonIdx2.to_list(), strict=True)] == back  # fmt: skip
    assert any(two >= 0 for jets in back for _, two in jets)
    hard = events.Jet[events.Jet.pt > 15]
    recoil = ak.sum(hard.pt * np.cos(hard.phi), axis=1)
    assert np.asarray(events.PuppiMET.pt) == pytest.approx(np.asarray(events.GenMET.pt + 0.1 * abs(recoil)), rel=1e-5)


def test_an_analysis_runs_unchanged_on_full_and_flash_events(folder: Path, output: Path, tmp_path: Path):
    """That of the page on NanoAOD."""
    pytest.importorskip("coffea.nanoevents")
    page = (ROOT / "docs/how-to/nanoaod.md").read_text(encoding="utf-8")
    script = tmp_path / "masses.py"
    script.write_text(page.split('title="masses.py"\n', 1)[1].split("\n```", 1)[0], encoding="utf-8")
    analysis = runpy.run_path(str(script))
    full, flash = (analysis["masses"](file) for file in (folder / "nano.root", output))
    for name, histogram in full.items():
        assert min(histogram.sum(flow=True), flash[name].sum(flow=True)) > 200
        assert stats.chi2.sf(*analysis["chi2"](histogram, flash[name])) > 1e-3, name


def test_every_branch_has_the_type_of_the_sample_and_generated_ones_their_bits(folder: Path, output: Path):
    before, after = (tree_branches(path, "Events") for path in (folder / "nano.root", output))
    with uproot.open(folder / "nano.root") as full, uproot.open(output) as flash:
        for name in set(before) & set(after):
            assert flash["Events"][name].typename == full["Events"][name].typename, name
            assert after[name].counter == before[name].counter, name
            if not name.startswith(("Jet_", "Muon_", "Puppi", "nJet", "nMuon")):
                one, other = (file["Events"][name].array(library="ak") for file in (full, flash))
                assert ak.array_equal(one, other), name
        # What is reconstructed and not drawn is another detector's answer: it is left out.
        assert not {name for name in after if name.startswith(("HLT_", "Tau_"))}
        added = {"Jet_outside", "Muon_outside", "PuppiMET_outside", "FlashSim_copy"}
        assert set(after) - set(before) == added
        for tree in ("Runs", "LuminosityBlocks"):
            assert flash[tree].typenames() == full[tree].typenames()
            assert ak.array_equal(flash[tree].arrays(), full[tree].arrays())


@pytest.mark.parametrize("way", ["one worker", "small chunks", "killed", "generator alone"])
def test_the_bytes_depend_on_release_seed_and_events_alone(
    way: str, folder: Path, detector: EventDetector, output: Path, tmp_path: Path
):
    again = tmp_path / "again.root"
    if way == "killed":
        done: list[Counts] = []

        def stop(counts: Counts) -> None:
            done.append(counts)
            if len(done) == 3:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            simulate(detector, folder / "nano.root", again, seed=5, workers=1, report=stop)
        assert len(list((tmp_path / "again.root.unfinished").glob("block-*"))) >= 3
        assert not again.exists()
    name = "generator.root" if way == "generator alone" else "nano.root"
    options = {"one worker": {"workers": 1}, "small chunks": {"chunk_events": 97}}.get(way, {})
    counts = simulate(detector, folder / name, again, seed=5, **options)
    assert again.read_bytes() == output.read_bytes()
    assert counts.events == nano_toy.EVENTS
    assert list(tmp_path.iterdir()) == [again]


def test_an_event_that_is_simulated_twice_is_two_events(folder: Path, detector: EventDetector, tmp_path: Path):
    simulate(detector, folder / "nano.root", tmp_path / "twice.root", seed=5, oversample=2, first=300)
    with uproot.open(tmp_path / "twice.root") as file:
        twice = file["Events"].arrays()
    assert len(twice) == 600
    assert twice["FlashSim_copy"].to_list() == [0, 1] * 300
    assert ak.array_equal(twice["GenJet_pt"][::2], twice["GenJet_pt"][1::2])
    assert ak.array_equal(twice["event"][::2], twice["event"][1::2])
    same = ak.num(twice["Jet_pt"][::2]) == ak.num(twice["Jet_pt"][1::2])
    assert not ak.any(ak.flatten(twice["Muon_pt"][::2][same])[:5] == ak.flatten(twice["Muon_pt"][1::2][same])[:5])


def test_what_cannot_be_simulated_is_refused(folder: Path, detector: EventDetector, tmp_path: Path):
    with pytest.raises(FlashSimError, match=r"flash.parquet: whole events are written as NanoAOD"):
        simulate(detector, folder / "nano.root", tmp_path / "flash.parquet")
    ak.to_parquet(ak.Array({"run": [1], "event": [1]}), tmp_path / "events.parquet")
    with pytest.raises(FlashSimError, match=r"events.parquet: whole events are read from a TTree"):
        simulate(detector, tmp_path / "events.parquet", tmp_path / "out.root")
    with uproot.recreate(tmp_path / "events.root") as file:
        file.mkrntuple("Events", {"run": np.array([1]), "event": np.array([1])})
    with pytest.raises(FlashSimError, match=r"events.root: whole events are read from a TTree"):
        simulate(detector, tmp_path / "events.root", tmp_path / "out.root")
    with uproot.recreate(tmp_path / "less.root") as file:
        file.mktree("Events", {"run": np.array([1]), "event": np.array([1]), "GenJet_pt": ak.Array([[1.0]])})
    with pytest.raises(FlashSimError, match=r"\[collection.Jet\] .*less.root: no column 'GenJet_eta'"):
        simulate(detector, tmp_path / "less.root", tmp_path / "out.root")
    # What full simulation has of a collection that is drawn is not read, even if nobody draws it.
    text = nano_toy.CARD.replace(
        "jet_dr = {", 'tagged = { unit = "", source = "Jet_genFlavour", of = "jet" }\njet_dr = {'
    )
    with pytest.raises(FlashSimError, match=r"\[collection.Muon\] .*no column 'Jet_genFlavour'"):
        simulate(nano_toy.detector(folder, text), folder / "nano.root", tmp_path / "out.root")
    assert not (tmp_path / "out.root").exists()


def test_collections_put_together_are_in_order_and_links_back_are_those_of_a_loop():
    random = np.random.default_rng(3)

    def collection(**more: np.ndarray) -> Collection:
        offsets = np.append(0, np.cumsum(random.poisson(2, 20))).astype(np.int64)
        n = int(offsets[-1])
        columns = {"pt": random.integers(0, 9, n).astype(np.float32), "own": random.integers(0, 99, n)}
        return Collection(offsets, columns | {name: np.arange(n, dtype=np.int16) for name in more})

    first, second = collection(genIdx=np.zeros(0)), collection()
    joined = in_order(together(first, second))
    for event in range(20):
        rows = [
            (-one.columns["pt"][i], one.columns["own"][i], one.columns["genIdx"][i] if "genIdx" in one.columns else -1)
            for one in (first, second)
            for i in range(one.offsets[event], one.offsets[event + 1])
        ]
        here = slice(joined.offsets[event], joined.offsets[event + 1])
        found = zip(
            -joined.columns["pt"][here], joined.columns["own"][here], joined.columns["genIdx"][here], strict=True
        )
        assert list(found) == sorted(rows, key=lambda row: row[0])  # a stable sort, the first collection's first
    assert joined.columns["genIdx"].dtype == np.int16
    index = random.integers(-1, 4, int(second.offsets[-1])).astype(np.int16)
    for rank in (1, 2):
        expected = []
        for event in range(20):
            pointing = index[second.offsets[event] : second.offsets[event + 1]].tolist()
            for place in range(first.offsets[event + 1] - first.offsets[event]):
                those = [i for i, target in enumerate(pointing) if target == place]
                expected.append(those[rank - 1] if len(those) >= rank else -1)
        assert inverse(index, second.offsets, first.offsets, rank).tolist() == expected
