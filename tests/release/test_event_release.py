"""A release of collections: a release each, in the order of simulation, checked as a whole."""

import sys
from pathlib import Path

import awkward as ak
import pytest
import uproot
from event_toy import CARD, write_events
from typer.testing import CliRunner

from flashsim import train_events, validate_events
from flashsim.cli import app
from flashsim.errors import FlashSimError
from flashsim.release import is_event_release, load, load_event, verify
from flashsim.training import Progress
from flashsim.validation import QUICK


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("events")
    write_events(folder / "full.root")
    (folder / "card.toml").write_text(CARD)
    return folder / "card.toml"


@pytest.fixture(scope="module")
def release(card: Path) -> Path:
    train_events(card, card.parent / "release")
    return card.parent / "release"


def test_a_release_holds_a_release_of_each_collection(release: Path):
    found = load_event(release)
    assert is_event_release(release)
    assert list(found.detectors) == ["Jet", "Muon"]
    assert found.detectors["Muon"].hash == verify(release / "Muon")
    assert not (release.parent / "release.collections").exists()
    # Types, titles and counters of what the sample has of these collections.
    assert found.branches["Jet_pt"].dtype == "float32"
    assert found.branches["Muon_genPartIdx"].counter == "nMuon"
    assert "nJet" in found.branches
    assert "GenJet_pt" not in found.branches


def test_it_simulates_whole_events(release: Path, card: Path, tmp_path: Path):
    done = CliRunner().invoke(
        app, ["simulate", str(release), str(card.parent / "full.root"), "--output", str(tmp_path / "flash.root")]
    )
    assert done.exit_code == 0, done.output
    assert "given to Muon.response" in done.output
    with uproot.open(card.parent / "full.root") as full, uproot.open(tmp_path / "flash.root") as flash:
        before, after = full["Events"].typenames(), flash["Events"].typenames()
        added = {"Jet_outside": "bool[]", "Muon_outside": "bool[]", "FlashSim_copy": "int32_t"}
        assert after == before | added
        events = flash["Events"].arrays()
        assert ak.array_equal(events["genWeight"], full["Events"]["genWeight"].array())
    # All muons are found in this detector, and each knows which particle it was.
    muons = abs(events["GenPart_pdgId"]) == 13
    assert ak.all(ak.sort(events["Muon_genPartIdx"]) == ak.local_index(muons)[muons])
    assert ak.all(events["GenPart_eta"][events["Muon_genPartIdx"]] == events["Muon_eta"])


def test_where_the_release_of_one_collection_is_wanted_this_is_said(release: Path):
    with pytest.raises(FlashSimError, match=r"release: a release of collections, .* folders in it \(Jet, Muon\)"):
        load(release)


def test_a_sample_that_a_later_collection_cannot_use_is_refused_before_any_training(card: Path):
    (card.parent / "wrong.toml").write_text(CARD.replace('source = "Muon_pt"', 'source = "Muon_energy"'))
    seen: list[str] = []
    with pytest.raises(FlashSimError, match=r"^\[collection.Muon\] .*Muon_energy"):
        train_events(card.parent / "wrong.toml", card.parent / "wrong", report=lambda name, _: seen.append(name))
    assert seen == []


def test_what_the_rules_of_its_collections_find_is_counted(card: Path):
    done = CliRunner().invoke(app, ["card", "matching", str(card)])
    assert done.exit_code == 0, done.output
    assert "[collection.Muon]\nmuon: of" in done.output
    assert "[collection.Jet]\njet: of" in done.output


def test_what_is_damaged_or_strange_is_refused(release: Path):
    weights = release / "Muon" / "stages" / "response.weights.safetensors"
    content = weights.read_bytes()
    weights.write_bytes(content[:-1] + b"x")
    try:
        with pytest.raises(FlashSimError, match=r"response.weights.safetensors: is damaged"):
            load_event(release)
    finally:
        weights.write_bytes(content)
    (release / "Muon" / "note").touch()
    try:
        with pytest.raises(FlashSimError, match="does not belong to the release"):
            load_event(release)
    finally:
        (release / "Muon" / "note").unlink()


def test_a_training_that_was_stopped_goes_on_with_the_collection_that_was_not_done(
    release: Path, card: Path, monkeypatch: pytest.MonkeyPatch
):
    seen: list[str] = []

    def until_muons(collection: str, progress: Progress) -> None:
        seen.append(collection)
        if collection == "Muon":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_events(card, card.parent / "again", report=until_muons)
    assert set(seen) == {"Jet", "Muon"}
    trained: list[str] = []
    module = sys.modules["flashsim.api.train_events"]
    really = module.train
    monkeypatch.setattr(
        module, "train", lambda one, *rest, **more: trained.append(one.name) or really(one, *rest, **more)
    )
    again = train_events(card, card.parent / "again")
    assert trained == ["events_Muon"]
    assert again.hash == load_event(release).hash


def test_each_collection_is_validated_with_a_report_of_its_own(release: Path, tmp_path: Path):
    found = validate_events(release, tmp_path / "report", effort=QUICK)
    assert list(found) == ["Jet", "Muon"]
    page = (tmp_path / "report" / "index.html").read_text()
    for name in found:
        assert f'href="{name}/report.html"' in page
        assert (tmp_path / "report" / name / "report.html").is_file()
    with pytest.raises(FlashSimError, match="exists already"):
        validate_events(release, tmp_path / "report", effort=QUICK)
    assert load(release / "Muon").card.output.link == "genPartIdx"
