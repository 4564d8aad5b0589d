"""Rules for objects of other collections: what a card may say, and what they find in a sample."""

import os
import tomllib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flashsim.card import Expression, card_from_dict
from flashsim.errors import FlashSimError
from flashsim.events import EventBatch
from flashsim.training import Matches, matches, reference_batches, sample_files

CARD = """
schema = 1
name = "jets"
[sample]
files = "events.parquet"
[related.jet]
index = "Jet_genJetIdx"
[related.muon]
nearest = ["GenPart_eta", "GenPart_phi"]
to = ["GenJet_eta", "GenJet_phi"]
radius = 1.0
where = "(abs(GenPart_pdgId) == 13) & bit(GenPart_statusFlags, 13)"
[columns]
gen_pt = { unit = "GeV", source = "GenJet_pt" }
muon_dr = { unit = "", source = "dr", of = "muon" }
pileup = { unit = "", source = "Pileup_nTrueInt" }
[reconstructed]
number = { unit = "", source = "count", of = "jet" }
pt = { unit = "GeV", source = "Jet_pt", of = "jet", from = "gen_pt * ratio" }
[[stage]]
name = "multiplicity"
kind = "category"
given = ["gen_pt", "muon_dr", "pileup"]
predict = "number"
[[stage]]
name = "jets"
kind = "response"
where = "number > 0"
given = ["gen_pt", "muon_dr", "pileup"]
predict = { ratio = "pt / gen_pt" }
[output]
columns = ["number", "pt"]
"""
DATA = Path(os.environ.get("FLASHSIM_DATA", Path(__file__).parents[3] / "shared" / "data"))
# Objects, reconstructed jets and those with an index in three files of full simulation, counted by hand.
NANOAOD = {
    "nano_tt_v12.root": (1694, 1504, 1336),
    "nanoAOD_2015_CMS_Open_Data_ttbar.root": (527, 537, 362),
    "nano_dy.root": (127, 188, 95),
}


def test_what_the_rules_find_and_leave_over_adds_up(tmp_path: Path):
    events = {
        "run": [1, 1],
        "event": [1, 2],
        "Pileup_nTrueInt": [30.0, 40.0],
        "GenJet_pt": [[50.0, 20.0], [30.0]],
        "GenJet_eta": [[0.0, 1.0], [0.0]],
        "GenJet_phi": [[0.0, 1.0], [0.0]],
        "GenPart_eta": [[0.1, 1.0], []],
        "GenPart_phi": [[0.0, 1.0], []],
        "GenPart_pdgId": [[-13, 11], []],
        "GenPart_statusFlags": [[1 << 13, 1 << 13], []],
        "Jet_pt": [[49.0, 21.0, 5.0], [28.0, 9.0]],
        "Jet_genJetIdx": [[0, 0, -1], [0, -1]],
    }
    pq.write_table(pa.table(events), tmp_path / "events.parquet")
    card = card_from_dict(tomllib.loads(CARD)).read_from(tmp_path / "card.toml")
    found = matches(card)["jet"]
    assert found == Matches({0: 1, 1: 1, 2: 1}, others=5)
    assert (found.matched, found.duplicated, found.unmatched) == (2, 1, 2)
    everything = EventBatch.concatenate(list(reference_batches(card, sample_files(card, "train"))))
    assert everything.columns["muon_dr"] == pytest.approx([0.1, 1.0, 1.0])
    assert everything.columns["pt"].tolist() == [49.0, 0.0, 28.0]


def test_what_a_rule_has_taken_is_no_other_of_the_next(tmp_path: Path):
    events = {
        "run": [1],
        "event": [1],
        "GenJet_pt": [[50.0, 20.0]],
        "GenJet_eta": [[0.0, 1.0]],
        "GenJet_phi": [[0.0, 1.0]],
        "GenPart_eta": [[0.1, 3.0]],
        "GenPart_phi": [[0.0, 0.0]],
        "Electron_pt": [[30.0, 20.0, 9.0]],
        "Electron_eta": [[0.09, 0.05, -3.0]],
        "Electron_phi": [[0.0, 0.0, 0.0]],
    }
    pq.write_table(pa.table(events), tmp_path / "events.parquet")
    rules = """
[related.taken]
nearest = ["Electron_eta", "Electron_phi"]
to = ["GenPart_eta", "GenPart_phi"]
radius = 0.1
once = true
[related.jet]
nearest = ["Electron_eta", "Electron_phi"]
to = ["GenJet_eta", "GenJet_phi"]
radius = 0.4
once = true
without = ["taken"]
"""
    text = CARD[: CARD.index("[related.jet]")] + rules + CARD[CARD.index("[columns]") :]
    text = text.replace("Jet_pt", "Electron_pt").replace("GenElectron", "GenJet")
    unused = (
        'muon_dr = { unit = "", source = "dr", of = "muon" }',
        'pileup = { unit = "", source = "Pileup_nTrueInt" }',
    )
    for part in (*unused, ', "muon_dr", "pileup"'):
        text = text.replace(part, "")
    card = card_from_dict(tomllib.loads(text)).read_from(tmp_path / "card.toml")
    assert matches(card) == {"jet": Matches({0: 1, 1: 1}, others=2)}  # and nothing of particles, which it is not about
    assert EventBatch.concatenate(list(reference_batches(card, sample_files(card, "train")))).columns["pt"][0] == 20.0


@pytest.mark.skipif(not DATA.is_dir(), reason=f"no {DATA}: set FLASHSIM_DATA")
@pytest.mark.parametrize("name", NANOAOD)
def test_matches_of_nanoaod(name: str):
    table = tomllib.loads(CARD)
    table["sample"] |= {"files": str(DATA / name), "tree": "Events"}
    objects, others, matched = NANOAOD[name]
    found = matches(card_from_dict(table))["jet"]
    assert found == Matches({0: objects - matched, 1: matched}, others)


WRONG = {
    "a rule that is not there": (
        'of = "muon"',
        'of = "muons"',
        ["columns.muon_dr.of = 'muons'", "did you mean 'muon'"],
    ),
    "no name in the file": ('source = "Jet_pt", of', "of", ["reconstructed.pt.source is missing", "count, index, dr"]),
    "a distance of an index": ('source = "Jet_pt"', 'source = "dr"', ["reconstructed.pt.source = 'dr'", "nearest"]),
    "a sum of partners": (
        'source = "Jet_pt"',
        'source = "sum"',
        ["reconstructed.pt.source = 'sum'", "a rule with 'sum'"],
    ),
    "a partner of a sum": (
        'index = "Jet_genJetIdx"',
        'sum = "Jet_pt"',
        ["reconstructed.number.source = 'count'", "'sum' is what a rule with 'sum' has"],
    ),
    "a sum over two lists": ('index = "Jet_genJetIdx"', 'sum = "Jet_pt * Muon_pt"', ["related.jet.sum", "'Muon_pt'"]),
    "a sum over nothing": ('index = "Jet_genJetIdx"', 'sum = "1"', ["related.jet.sum", "names no column"]),
    "a sum of sums": ('index = "Jet_genJetIdx"', 'sum = "event_sum(Jet_pt)"', ["related.jet.sum", "whole events"]),
    "two rules": ('index = "Jet_genJetIdx"', 'index = "i"\nnearest = ["a", "b"]', ["related.jet", "either 'index'"]),
    "no rule": ('index = "Jet_genJetIdx"', "rank = 2", ["related.jet", "either 'index'"]),
    "no radius": ("radius = 1.0", "", ["related.muon", "'nearest' needs 'to'"]),
    "a radius of an index": ('index = "Jet_genJetIdx"', 'index = "i"\nradius = 1.0', ["only for 'nearest'"]),
    "the second, once": ("radius = 1.0", "radius = 1.0\nrank = 2\nonce = true", ["'once' is only for rank = 1"]),
    "without a rule that is not there": (
        "radius = 1.0",
        'radius = 1.0\nwithout = ["jets"]',
        ["related.muon.without[0] = 'jets'", "did you mean 'jet'"],
    ),
    "without itself": ("radius = 1.0", 'radius = 1.0\nwithout = ["muon"]', ["it waits for itself (muon → muon)"]),
    "without what may belong to several": (
        'index = "Jet_genJetIdx"',
        'nearest = ["a", "b"]\nto = ["c", "d"]\nradius = 1.0\nwithout = ["muon"]',
        ["related.jet.without[0] = 'muon'", "'once = true'"],
    ),
    "an index without others": (
        'index = "Jet_genJetIdx"',
        'index = "i"\nwithout = ["muon"]',
        ["related.jet", "only for 'nearest'"],
    ),
    "a condition that cannot be read": ("& bit", "&& bit", ["related.muon.where", "write & for and"]),
    "no column of its own": (
        'gen_pt = { unit = "GeV", source = "GenJet_pt" }',
        'gen_pt = { unit = "GeV", source = "GenPart_pt", of = "muon" }',
        ["at least one", "own objects"],
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_card_with(case: str):
    right, wrong, words = WRONG[case]
    assert right in CARD
    text = CARD.replace(right, wrong)
    if case == "no column of its own":
        text = text.replace('pileup = { unit = "", source = "Pileup_nTrueInt" }', "").replace(', "pileup"', "")
    with pytest.raises(FlashSimError) as refused:
        card_from_dict(tomllib.loads(text), "card.toml")
    for word in ["card.toml", *words]:
        assert word in str(refused.value)


def test_bits():
    flags = np.array([0, 1, 2, 3, 1 << 13, (1 << 14) - 1, 255])
    for number in (0, 1, 7, 13):
        found = Expression.parse(f"bit(flags, {number})").evaluate(lambda _: flags, np.array([0, len(flags)]))
        assert found.tolist() == [bool(flag >> number & 1) for flag in flags]
