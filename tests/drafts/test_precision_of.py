"""The bits of a mantissa that a file keeps, told by its values."""

from pathlib import Path

import awkward as ak
import numpy as np
import pytest
from nanoaod_events import events, write

from flashsim.card import read_event_card
from flashsim.drafts import init_card
from flashsim.drafts.precision import precision_of
from flashsim.events import rounded

VALUES = np.random.default_rng(0).normal(size=1000).astype(np.float32)


@pytest.mark.parametrize("bits", [6, 10, 14])
def test_rounded_values_tell_their_bits(bits: int):
    assert precision_of(rounded(VALUES, bits)) == bits
    assert precision_of(rounded(10 * VALUES, bits) * np.float64(0.1) / np.float64(0.1)) == bits


@pytest.mark.parametrize(
    "values",
    [VALUES, VALUES.astype(np.float64), np.rint(100 * VALUES), np.rint(VALUES) / 2, np.arange(1000)],
    ids=["single", "double", "whole", "few", "integers"],
)
def test_others_have_none(values: np.ndarray):
    assert precision_of(values) is None


def test_a_card_says_so(tmp_path: Path):
    columns = events()
    values = columns["Jet_pt"]
    columns["Jet_pt"] = ak.unflatten(rounded(ak.to_numpy(ak.flatten(values)), 10), ak.num(values))
    write(tmp_path / "nano.root", columns)
    init_card(tmp_path / "nano.root", tmp_path / "card.toml")
    jet = read_event_card(tmp_path / "card.toml").collections["Jet"]
    assert jet.reconstructed["pt"].precision == 10
    assert jet.reconstructed["eta"].precision is None
