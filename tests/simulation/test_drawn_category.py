"""A category stage may predict kinds that no column of the file is: in the sample they are computed, here drawn."""

import tomllib
from pathlib import Path

import awkward as ak
import nano_toy
import numpy as np
import uproot

from flashsim.api import simulate
from flashsim.card import event_card_from_dict
from flashsim.stages import Namespace
from flashsim.training import check_closure, read_sample

STAGE = """
[[collection.Jet.stage]]
name = "kind"
kind = "category"
where = "number > 0"
given = ["log10(gen_pt)"]
predict = "narrow"
[[collection.Jet.stage]]
name = "response"
"""
CARD = (
    nano_toy.CARD.replace('[[collection.Jet.stage]]\nname = "response"\n', STAGE.lstrip())
    .replace(
        "[collection.Jet.unmatched]",
        '[collection.Jet.categories]\nnarrow = { expression = "nConstituents < 20", values = [0, 1] }\n'
        "[collection.Jet.unmatched]",
    )
    .replace(
        'source = "Jet_mass", of = "jet", from = "pt / 10"',
        'source = "Jet_mass", of = "jet", from = "pt / (10 + 10 * narrow)"',
    )
)


def test_what_is_drawn_decides_what_follows(tmp_path: Path):
    events = nano_toy.full(nano_toy.EVENTS, seed=1)
    jets = events["Jet"]
    jets["mass"] = jets["pt"] / ak.values_astype(10 + 10 * (jets["nConstituents"] < 20), np.float32)
    nano_toy.write_nano(tmp_path / "nano.root", events)
    card = event_card_from_dict(tomllib.loads(CARD), path=tmp_path / "card.toml").collections["Jet"]
    sample = read_sample(card, "train")
    check_closure(card, sample)
    full = Namespace(card, sample)
    assert np.array_equal(full["narrow"], full["nConstituents"] < 20)
    by_hand = nano_toy.RESPONSES | {"Jet.kind": lambda given, _: [0.7 + 0 * given[:, 0], 0.3 + 0 * given[:, 0]]}
    simulate(nano_toy.detector(tmp_path, CARD, by_hand), tmp_path / "nano.root", tmp_path / "flash.root", seed=5)
    with uproot.open(tmp_path / "flash.root") as file:
        flash = {
            name: ak.to_numpy(ak.flatten(file["Events"][f"Jet_{name}"].array())) for name in ("pt", "mass", "genJetIdx")
        }
    own = flash["genJetIdx"] >= 0
    ratio = np.rint(flash["pt"] / flash["mass"])[own]
    assert set(ratio) == {10, 20}
    assert abs((ratio == 20).mean() - 0.3) < 4 * np.sqrt(0.21 / own.sum())
