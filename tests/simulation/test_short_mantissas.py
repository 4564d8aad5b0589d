"""Columns with a precision: learnt as the densities that they were, written like the file, flags after that."""

import tomllib
from pathlib import Path

import awkward as ak
import nano_toy
import numpy as np
import pytest
import uproot

from flashsim.api import simulate
from flashsim.card import event_card_from_dict
from flashsim.errors import FlashSimError
from flashsim.events import is_rounded, rounded
from flashsim.stages import Namespace
from flashsim.training import check_closure, read_sample

PRECISION = 4
CARD = (
    nano_toy.CARD.replace(
        'from = "gen_pt * ratio" }\neta', f'from = "gen_pt * ratio", precision = {PRECISION} }}\neta', 1
    )
    .replace(
        "nConstituents = { unit",
        'hard = { unit = "", source = "Jet_hard", of = "jet", from = "pt > 30" }\nnConstituents = { unit',
    )
    .replace('"mass", "nConstituents"]', '"mass", "nConstituents", "hard"]')
    .replace(
        'dxy = { unit = "cm", source = "Muon_dxy"',
        f'dxy = {{ precision = {PRECISION}, unit = "cm", source = "Muon_dxy"',
    )
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("nano")
    events = nano_toy.full(nano_toy.EVENTS, seed=1)
    for collection, column in (("Jet", "pt"), ("Muon", "dxy")):
        values = events[collection][column]
        short = ak.unflatten(rounded(ak.to_numpy(ak.flatten(values)), PRECISION), ak.num(values))
        events[collection][column] = short
    events["Jet"]["mass"] = events["Jet"]["pt"] / 10
    events["Jet"]["hard"] = events["Jet"]["pt"] > 30
    nano_toy.write_nano(folder / "nano.root", events)
    return folder


def collections(folder: Path, text: str = CARD) -> dict:
    return event_card_from_dict(tomllib.loads(text), path=folder / "card.toml").collections


@pytest.mark.parametrize(("collection", "column", "scale"), [("Jet", "pt", 1.0), ("Muon", "dxy", 10.0)])
def test_a_sample_is_spread_over_its_steps_always_alike(folder: Path, collection: str, column: str, scale: float):
    card = collections(folder)[collection]
    sample, again = read_sample(card, "train"), read_sample(card, "train")
    namespace = Namespace(card, sample)
    values = namespace[column][namespace.written()]
    assert len(np.unique(values)) > 0.9 * len(values)
    np.testing.assert_array_equal(sample.columns[column], again.columns[column])
    kept = read_sample(
        collections(folder, CARD.replace(f"precision = {PRECISION}", "precision = 22"))[collection], "train"
    )
    np.testing.assert_allclose(
        scale * rounded(sample.columns[column] / scale, PRECISION), kept.columns[column], rtol=1e-6
    )
    check_closure(card, sample)


def test_what_is_written_has_the_precision_of_the_file_and_flags_follow_from_it(folder: Path):
    simulate(nano_toy.detector(folder, CARD), folder / "nano.root", folder / "flash.root", seed=5)
    with uproot.open(folder / "flash.root") as file:
        found = {
            name: ak.to_numpy(ak.flatten(file["Events"][name].array())) for name in ("Jet_pt", "Jet_hard", "Muon_dxy")
        }
    assert is_rounded(found["Jet_pt"], PRECISION).all()
    assert is_rounded(found["Muon_dxy"], PRECISION).all()
    # Steps at 30 are 1 wide: what was rounded to it is not above it.
    assert (found["Jet_pt"] == 30).sum() > 20
    np.testing.assert_array_equal(found["Jet_hard"], found["Jet_pt"] > 30)


def test_a_file_with_more_bits_is_refused(folder: Path):
    card = collections(folder, CARD.replace(f"precision = {PRECISION}", "precision = 3"))["Jet"]
    with pytest.raises(FlashSimError, match=r"reconstructed.pt.precision = 3: the file has .* would be .*raise it, or"):
        read_sample(card, "train")
    whole = CARD.replace(
        'source = "Jet_nConstituents", of = "jet"', 'source = "Jet_nConstituents", of = "jet", precision = 3'
    )
    with pytest.raises(FlashSimError, match="whole numbers there"):
        read_sample(collections(folder, whole)["Jet"], "train")
