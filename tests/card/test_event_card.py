"""A card of collections: each is a whole card, and reads only what is there when its turn comes."""

import tomllib
from pathlib import Path

import pytest
from event_toy import CARD

from flashsim.card import EventCard, read_any_card, read_card, read_event_card
from flashsim.card.read import card_of_file
from flashsim.errors import FlashSimError


def read(folder: Path, text: str) -> EventCard:
    (folder / "card.toml").write_text(text)
    return read_event_card(folder / "card.toml")


def test_collections_are_whole_cards_in_the_order_of_the_file(tmp_path: Path):
    card = read(tmp_path, CARD)
    assert list(card.collections) == ["Jet", "Muon"]
    muon = card.collections["Muon"]
    assert muon.name == "events_Muon"
    assert muon.sample == card.sample
    assert muon.output.name == "Muon"
    assert muon.folder == tmp_path
    assert isinstance(read_any_card(tmp_path / "card.toml"), EventCard)


def test_where_one_card_is_wanted_this_is_said(tmp_path: Path):
    read(tmp_path, CARD)
    with pytest.raises(FlashSimError, match="card of collections"):
        read_card(tmp_path / "card.toml")


def test_what_only_collections_of_an_event_have_is_refused_elsewhere(tmp_path: Path):
    table = tomllib.loads(CARD)
    muon = table["collection"]["Muon"] | {key: table[key] for key in ("schema", "name", "sample")}
    with pytest.raises(FlashSimError, match=r"card.toml: output.link = 'genPartIdx': only collections of an event"):
        card_of_file(muon, tmp_path / "card.toml")
    muon["output"] = {"columns": ["pt"], "name": "Muons."}
    with pytest.raises(FlashSimError, match=r"card.toml: output.name = 'Muons.': only a collection of an event"):
        card_of_file(muon, tmp_path / "card.toml")
    muon["output"] = {"columns": ["pt"]}
    assert card_of_file(muon, tmp_path / "card.toml").output.link is None


WRONG = {
    "a key of a collection": (
        'gen_pt = { unit = "GeV", source = "GenJet_pt" }',
        'gen_pt = { unt = "GeV" }',
        r"(?s)\[collection.Jet\].* unknown key columns.gen_pt.unt \(did you mean 'unit'",
    ),
    "a key of the card": ('tree = "Events"', 'tre = "Events"', r"unknown key sample.tre \(did you mean 'tree'"),
    "a table of the card": ("[sample]", "[events]\n[sample]", r"unknown key events \(did you mean 'event'"),
    "a name that is no folder": ("[collection.Muon.derive]", "[collection.'a/b'.derive]", "begin with a letter"),
    "a sample of its own": ("[collection.Muon.derive]", "[collection.Muon.sample]", "stands once in the card"),
    "what is drawn later": ("gen_phi = {", 'muon = { unit = "", source = "Muon_pt" }\ngen_phi = {', "not earlier"),
    "what it draws itself": ("gen_phi = {", 'pt_ = { unit = "", source = "Jet_pt" }\ngen_phi = {', "not earlier"),
    "a link that nobody makes": (
        "[collection.Jet.columns]",
        '[event.links.Jet_muonIdx]\ninverse = "Muon_jetIdx"\n[collection.Jet.columns]',
        "no collection writes this column",
    ),
    "a link of no collection": (
        "[collection.Jet.columns]",
        '[event.links.Tau_muonIdx]\ninverse = "Muon_pt"\n[collection.Jet.columns]',
        "begins with no collection's name",
    ),
    "a link that is a column": (
        "[collection.Jet.columns]",
        '[event.links.Jet_pt]\ninverse = "Muon_pt"\n[collection.Jet.columns]',
        "writes this column itself",
    ),
}


@pytest.mark.parametrize(("here", "instead", "message"), WRONG.values(), ids=WRONG)
def test_a_mistake_is_named_by_its_collection_and_key(tmp_path: Path, here: str, instead: str, message: str):
    assert here in CARD
    with pytest.raises(FlashSimError, match=message):
        read(tmp_path, CARD.replace(here, instead, 1))
