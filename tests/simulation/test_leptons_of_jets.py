"""Leptons that follow generated ones, jets, or nothing: drafted apart, written into one list, with links both ways."""

from pathlib import Path

import awkward as ak
import nano_toy
import nanoaod_leptons
import numpy as np
import pytest
import uproot
from nanoaod_events import write

from flashsim.api import simulate
from flashsim.card import EventCard, read_event_card
from flashsim.drafts import EventDraft, init_card


@pytest.fixture(scope="module")
def drafted(tmp_path_factory: pytest.TempPathFactory) -> tuple[EventDraft, EventCard, dict[str, int], Path]:
    folder = tmp_path_factory.mktemp("leptons")
    columns, found = nanoaod_leptons.events()
    write(folder / "nano.root", columns)
    draft = init_card(folder / "nano.root", folder / "card.toml")
    assert isinstance(draft, EventDraft)
    return draft, read_event_card(folder / "card.toml"), found, folder


def formula(card: EventCard, collection: str, column: str) -> str | None:
    return card.collections[collection].reconstructed[column].formula


def test_what_follows_no_particle_follows_a_jet_or_nothing(
    drafted: tuple[EventDraft, EventCard, dict[str, int], Path],
):
    draft, card, found, _ = drafted
    leptons = ["Muon", "Electron", "ElectronOfJet", "Photon"]
    rest = ["FsrPhoton", "FsrPhotonOfMuon", "IsoTrack", "IsoTrackOfJet"]
    assert list(card.collections) == ["Jet", "SV", *leptons, *rest]
    of_particle, of_jet = (card.collections[name] for name in ("Electron", "ElectronOfJet"))
    assert of_jet.related["partner"].without == ["Electron"]
    assert of_jet.related["Electron"] == of_particle.related["partner"]
    assert (of_particle.output.link, of_jet.output.link) == ("genPartIdx", None)
    assert (of_particle.output.name, of_jet.output.name) == ("Electron", "Electron")
    all_of_them, left = sum(found.values()), found["electrons of jets"] + found["other electrons"]
    said = [draft.collections[name].description for name in ("Electron", "ElectronOfJet")]
    assert said[0].startswith(f"From GenPart: {found['electrons']} of {all_of_them} ")
    assert said[1].startswith(f"From GenJet: {found['electrons of jets']} of {left} that are left ")
    assert of_particle.unmatched is None
    assert of_jet.unmatched is not None
    number = next(stage for stage in draft.collections["ElectronOfJet"].stages if stage.of == "events")
    assert number.why.startswith(f"{found['other electrons']} in ")
    # The same columns in both: a list has no gaps but for links.
    assert set(of_jet.output.columns) == set(of_particle.output.columns)
    # Its momentum is its own; where it is follows the jet.
    learnt = of_jet.stage("response").predict
    assert isinstance(learnt, dict)
    assert learnt["pt"].expression is None
    assert learnt["eta_residual"].expression == "eta - gen_eta"
    assert "mass" not in learnt


def test_places_in_lists_that_were_drawn_and_back(drafted: tuple[EventDraft, EventCard, dict[str, int], Path]):
    draft, card, _, _ = drafted
    assert formula(card, "ElectronOfJet", "jetIdx") == "where(jet_dr > 0.2, -1, jet_index)"
    assert formula(card, "Electron", "jetIdx") == "-1"
    assert formula(card, "Photon", "electronIdx") == "where(electron_dr > 0.1, -1, electron_index)"
    assert formula(card, "FsrPhoton", "muonIdx") == "muon_index"
    assert formula(card, "FsrPhotonOfMuon", "muonIdx") == "muon_index"
    assert formula(card, "ElectronOfJet", "svIdx") == "where(in_sv > 0, sv_index, -1)"
    links = {name: (link.inverse, link.rank) for name, link in card.event.links.items()}
    assert links == {
        "Jet_electronIdx2": ("Electron_jetIdx", 2),  # though no jet of this file has two
        "Electron_photonIdx": ("Photon_electronIdx", 1),
        "Muon_fsrPhotonIdx": ("FsrPhoton_muonIdx", 1),
    }
    assert formula(card, "Muon", "jetIdx") == "-1"
    assert not any("Idx" in name for one in draft.collections.values() for name in one.left_out)


def test_simulated_leptons_are_in_jets_as_often_as_those_of_the_sample(
    drafted: tuple[EventDraft, EventCard, dict[str, int], Path],
):
    *_, folder = drafted
    simulate(nano_toy.as_in_the_sample(folder / "card.toml"), folder / "nano.root", folder / "flash.root", seed=1)
    full, flash = (uproot.open(folder / name)["Events"].arrays() for name in ("nano.root", "flash.root"))
    shares = [float(ak.mean(one.Electron_jetIdx >= 0)) for one in (full, flash)]
    numbers = [int(ak.count(one.Electron_pt)) for one in (full, flash)]
    error = np.sqrt(sum(share * (1 - share) / number for share, number in zip(shares, numbers, strict=True)))
    assert shares[0] > 0.3
    assert shares[1] == pytest.approx(shares[0], abs=4 * error)
    assert numbers[1] == pytest.approx(numbers[0], abs=4 * np.sqrt(sum(numbers)))
    inside = flash.Electron_jetIdx >= 0
    assert ak.all(flash.Electron_genPartIdx[inside] == -1)
    jet = flash.Electron_jetIdx[inside]
    away = [flash[f"Electron_{angle}"][inside] - flash[f"Jet_{angle}"][jet] for angle in ("eta", "phi")]
    assert ak.max(np.hypot(*away)) < 5 * nanoaod_leptons.CONE
    assert ak.all(flash.Electron_pt[:, :-1] >= flash.Electron_pt[:, 1:])
    # What an object points to points back to it, or to another one of those that share it.
    for one, other in (("Photon", "Electron"), ("FsrPhoton", "Muon")):
        there = flash[f"{one}_{other.lower()}Idx"]
        assert ak.mean(there >= 0) > 0.3
        back = flash[f"{other}_{one[0].lower()}{one[1:]}Idx"]
        assert ak.all(there[back[back >= 0]] == ak.local_index(back)[back >= 0])
        pointed = [len({place for place in places if place >= 0}) for places in there.to_list()]
        assert ak.sum(back >= 0, axis=1).to_list() == pointed
    # Isolated tracks of leptons, and those of jets near them.
    tracks, expected = (ak.count(one.IsoTrack_pt) for one in (flash, full))
    assert tracks == pytest.approx(expected, abs=4 * np.sqrt(tracks + expected))
