"""Cards of collections for NanoAOD and PHYSLITE: what is told from names and values, and that they train."""

import os
import tomllib
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pytest
from nanoaod_events import events, write

from flashsim.api import train_events
from flashsim.card import EventCard, event_card_from_dict, read_event_card, written_as
from flashsim.drafts import EventDraft, init_card
from flashsim.errors import FlashSimError

DATA = Path(os.environ.get("FLASHSIM_DATA", Path(__file__).parents[3] / "shared" / "data"))


@pytest.fixture(scope="module")
def drafted(tmp_path_factory: pytest.TempPathFactory) -> tuple[EventDraft, EventCard, Path]:
    folder = tmp_path_factory.mktemp("nanoaod")
    write(folder / "nano.root", events())
    draft = init_card(folder / "nano.root", folder / "card.toml")
    assert isinstance(draft, EventDraft)
    return draft, read_event_card(folder / "card.toml"), folder


def learnt(card: EventCard, collection: str, stage: str = "response") -> dict[str, tuple[str, str | None]]:
    """What a response stage draws: types and formulas."""
    predict = card.collections[collection].stage(stage).predict
    assert isinstance(predict, dict)
    return {name: (one.type, one.expression) for name, one in predict.items()}


def made(card: EventCard, collection: str) -> dict[str, str]:
    """What is made by formulas."""
    columns = card.collections[collection].reconstructed
    return {name: column.formula for name, column in columns.items() if column.formula is not None}


def test_a_collection_follows_the_generated_objects_of_its_own_list(drafted: tuple[EventDraft, EventCard, Path]):
    draft, card, _ = drafted
    assert draft.layout == "NanoAOD"
    assert list(card.collections) == ["PV", "Jet", "Muon", "PuppiMET"]
    jet, muon = card.collections["Jet"], card.collections["Muon"]
    assert (jet.related["partner"].index, jet.output.link) == ("Jet_genJetIdx", "genJetIdx")
    assert (muon.related["partner"].index, muon.output.link) == ("Muon_genPartIdx", "genPartIdx")
    assert muon.derive["chosen"] == "(abs(gen_pdgId) == 13) & bit(gen_statusFlags, 13)"
    assert muon.output.where == "chosen & (number > 0)"
    assert {stage.name: stage.of for stage in jet.stages} == {
        "multiplicity": "generated",
        "response": "generated",
        "number_unmatched": "events",
        "unmatched": "unmatched",
    }
    assert "SV" in draft.left_out
    assert any("Below some 1,000" in question for question in draft.undecided)


def test_columns_are_learnt_by_their_types(drafted: tuple[EventDraft, EventCard, Path]):
    _, card, _ = drafted
    assert learnt(card, "Jet") == {
        "pt_ratio": ("positive", "pt / gen_pt"),
        "eta_residual": ("continuous", "eta - gen_eta"),
        "phi_residual": ("angle", "phi - gen_phi"),
        "btagDeepFlavB": ("bounded", None),
        "nConstituents": ("integer", None),
        "chEmEF": ("atoms", None),
    }
    assert learnt(card, "PV") == {"npvs": ("integer", None)}
    assert learnt(card, "Jet", "unmatched").keys() == {"pt", "eta", "phi", "btagDeepFlavB", "nConstituents"}


def test_what_follows_from_other_columns_is_not_drawn(drafted: tuple[EventDraft, EventCard, Path]):
    draft, card, _ = drafted
    jet, muon = made(card, "Jet"), made(card, "Muon")
    assert jet["hadronFlavour"] == "gen_hadronFlavour"
    assert jet["isTight"] == "where(btagDeepFlavB > 0.55, 1, 0)"
    assert jet["area"] == "0.5"
    assert muon["pdgId"] == "-13 * rec_charge"
    assert muon["rec_charge"] == "-1 * sign(gen_pdgId)"
    assert muon["pfIsoId"].startswith("2 + -1 * where(pfRelIso04_all > 0.15, 1, 0)")
    assert [muon[flag] for flag in ("looseId", "mediumId", "tightId")] == [
        f"where(looseId_level > {place}, 1, 0)" for place in range(3)
    ]
    assert learnt(card, "Muon")["looseId_level"] == ("integer", "looseId + mediumId + tightId")
    unmatched = card.collections["Jet"].unmatched
    assert unmatched is not None
    assert unmatched.formulas == {"hadronFlavour": "0", "chEmEF": "0"}
    assert "genJetIdx" not in card.collections["Jet"].output.columns
    assert not any("genJetIdx" in name for name in draft.collections["Jet"].left_out)


def test_stages_read_what_was_drawn_before(drafted: tuple[EventDraft, EventCard, Path]):
    _, card, _ = drafted
    given = {name: set(one.stage("response").given) for name, one in card.collections.items()}
    assert {"log10(gen_pt)", "gen_eta", "Pileup_nTrueInt", "PV_npvs", "gen_hadronFlavour_class"} <= given["Jet"]
    assert {"bit(gen_statusFlags, 0)", "sign(gen_pdgId)", "jet_dr", "gen_jet_pt"} <= given["Muon"]
    assert {"recoil_x", "recoil_y"} <= given["PuppiMET"]
    # Events without a generated jet have 0 in the place of their numbers, where jets follow nothing.
    assert "log10(GenMET_pt)" in given["Jet"]
    assert "GenMET_pt" in card.collections["Jet"].stage("number_unmatched").given
    vector = made(card, "PuppiMET")
    assert vector["pt"].startswith("hypot(GenMET_pt * cos(GenMET_phi) + dx")


def test_a_collection_trains_as_it_is_drafted(drafted: tuple[EventDraft, EventCard, Path]):
    """One of few variables, with small networks; the others have the same stages, and compiling takes time."""
    _, _, folder = drafted
    table: dict[str, Any] = tomllib.loads((folder / "card.toml").read_text())
    table["collection"] = {"PV": table["collection"]["PV"]}
    for stage in table["collection"]["PV"]["stage"]:
        stage["training"] = {"epochs": 1, "batch": 256}
        stage["model"] = {"width": 4, "depth": 1} | ({"steps": 1} if stage["kind"] == "response" else {})
    detector = train_events(event_card_from_dict(table, "card.toml", folder / "card.toml"), folder / "release")
    assert [stage.stage.name for stage in detector.detectors["PV"].stages] == ["response"]


def test_a_spike_that_rounding_has_blurred_is_one(tmp_path: Path):
    columns = events()
    random = np.random.default_rng(2)
    sizes = ak.num(columns["Jet_pt"])
    total = int(ak.sum(sizes))
    rounded = np.where(random.random(total) < 0.8, random.normal(0, 3e-8, total), random.uniform(0.01, 1, total))
    columns["Jet_muonSubtrFactor"] = ak.unflatten(rounded.astype(np.float32), sizes)
    write(tmp_path / "nano.root", columns)
    init_card(tmp_path / "nano.root", tmp_path / "card.toml")
    card = read_event_card(tmp_path / "card.toml")
    sharp = "where(abs(muonSubtrFactor) < 1e-06, 0, muonSubtrFactor)"
    assert learnt(card, "Jet")["muonSubtrFactor_sharp"] == ("atoms", sharp)
    assert made(card, "Jet")["muonSubtrFactor"] == "muonSubtrFactor_sharp"
    assert learnt(card, "Jet", "unmatched")["unmatched_muonSubtrFactor_sharp"] == ("atoms", sharp)


def test_what_is_too_small_to_be_drawn_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Where the numbers of an event are too few to train on, jets are drafted without them."""
    monkeypatch.setattr("flashsim.drafts.event_trial.MINIMUM_OBJECTS", 150)
    write(tmp_path / "nano.root", events())
    draft = init_card(tmp_path / "nano.root", tmp_path / "card.toml")
    assert isinstance(draft, EventDraft)
    card = read_event_card(tmp_path / "card.toml")
    assert list(card.collections) == ["Jet"]
    assert "150 are needed" in draft.left_out["PV"]
    assert "Pileup_nTrueInt" in card.collections["Jet"].columns
    assert "PV_npvs" not in card.collections["Jet"].columns
    assert card.collections["Jet"].unmatched is None
    assert any("Jet: " in said and "unmatched objects are not simulated" in said for said in draft.undecided)


def test_an_index_that_points_elsewhere_is_not_trusted(tmp_path: Path):
    columns = {name: values for name, values in events().items() if not name.startswith(("Jet", "PuppiMET"))}
    index = columns["Muon_genPartIdx"]
    columns["Muon_genPartIdx"] = (index >= 0) * 1 + index * (index < 0)  # the particle that is no muon
    write(tmp_path / "nano.root", columns)
    init_card(tmp_path / "nano.root", tmp_path / "card.toml")
    rule = read_event_card(tmp_path / "card.toml").collections["Muon"].related["partner"]
    assert (rule.index, rule.nearest, rule.once) == (None, ("Muon_eta", "Muon_phi"), True)
    assert rule.where is not None
    assert "abs(GenPart_pdgId) == 13" in rule.where


def test_options_for_ntuples_are_refused(tmp_path: Path):
    write(tmp_path / "nano.root", events(40))
    with pytest.raises(FlashSimError, match="--truth: the columns of NanoAOD are known"):
        init_card(tmp_path / "nano.root", tmp_path / "card.toml", truth=["x*"])
    with pytest.raises(FlashSimError, match="no TTree or RNTuple 'CollectionTree'"):
        init_card(tmp_path / "nano.root", tmp_path / "card.toml", like="physlite")
    assert not (tmp_path / "card.toml").exists()


# Collections that these files have enough of, and how many of the objects of some follow a generated one.
REAL: dict[str, tuple[set[str], dict[str, str]]] = {
    "nano_tt_v12.root": (
        {"PV", "Rho", "Jet", "FatJet", "Muon", "MuonOfJet", "Electron", "ElectronOfJet", "PuppiMET", "MET"},
        {"Jet": "1,336 of 1,504", "FatJet": "116 of 116", "Muon": "140 of 210", "ElectronOfJet": "155 of 174"},
    ),
    "nano_dy.root": (
        {"PV", "Jet", "Muon", "Electron", "Photon", "Tau", "PuppiMET", "MET"},
        {"Jet": "95 of 188", "Muon": "16 of 18", "Tau": "29 of 29"},
    ),
    "PHYSLITE_example.root": (
        {"Density", "Jet", "JetOfElectron", "FatJet", "Electron", "PhotonOfJet", "Tau", "TauOfElectron"},
        {"Electron": "123 of 134", "JetOfElectron": "188 of 512", "TauOfElectron": "96 of 97"},
    ),
}


@pytest.mark.skipif(not DATA.is_dir(), reason=f"no {DATA}: set FLASHSIM_DATA")
@pytest.mark.parametrize("name", REAL)
def test_files_of_experiments(tmp_path: Path, name: str):
    draft = init_card(DATA / name, tmp_path / "card.toml")  # which closes, or is refused
    collections, found = REAL[name]
    assert isinstance(draft, EventDraft)
    card = read_event_card(tmp_path / "card.toml")
    assert set(card.collections) == collections
    for collection, words in found.items():
        assert words in draft.collections[collection].description
    if draft.layout == "PHYSLITE":  # written as it was, for the programs that read it
        jet = card.collections["Jet"]
        written = {written_as(jet, column) for column in jet.output.columns}
        assert {"AnalysisJetsAuxDyn.pt", "BTagging_AntiKt4EMPFlowAuxDyn.DL1dv01_pb"} <= written
    for collection in card.collections.keys() & {"Electron", "ElectronOfJet"} if draft.layout == "NanoAOD" else ():
        assert "jetIdx" in card.collections[collection].output.columns
    for label in made(card, "Jet").keys() & {"hadronFlavour"}:
        assert made(card, "Jet")[label] == "gen_hadronFlavour"
