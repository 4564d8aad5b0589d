"""Corrections and scores of jets, with numbers that were fitted once (`fitting`) and are kept beside this file."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Float64, Int64, Shaped

from flashsim.experiments.cms_nanoaod.constituents import Contents

NUMBERS = Path(__file__).parent / "fitted.json"
ETA_EDGES = (0.0, 0.8, 1.3, 1.9, 2.5, 2.9, 3.2, 4.0, 5.0)
LEAST_PT, MOST_PT = 8.0, 1500.0
"""GeV: where the corrections are functions of pt."""
PILEUP_LIMITS = (-0.5, 0.0, 0.5)
NO_SCORE = -1.0
"""Of jets without tracks."""


@dataclass(frozen=True)
class Network:
    """A perceptron with one hidden layer: probabilities of classes."""

    centre: Float64[np.ndarray, " inputs"]
    scale: Float64[np.ndarray, " inputs"]
    first: Float64[np.ndarray, "inputs hidden"]
    first_bias: Float64[np.ndarray, " hidden"]
    last: Float64[np.ndarray, "hidden classes"]
    last_bias: Float64[np.ndarray, " classes"]

    def __call__(self, inputs: Float64[np.ndarray, "n inputs"]) -> Float64[np.ndarray, "n classes"]:
        """Probabilities."""
        hidden = np.tanh((inputs - self.centre) / self.scale @ self.first + self.first_bias)
        logits = hidden @ self.last + self.last_bias
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)


def offset_corrected(
    pt: Float64[np.ndarray, " n"],
    eta: Float64[np.ndarray, " n"],
    area: Float64[np.ndarray, " n"],
    density: Float64[np.ndarray, " n"],
    offset: Float64[np.ndarray, " bins"],
) -> Float64[np.ndarray, " n"]:
    """pt less what pile-up adds on average, ρ · area · c(η); a tenth is left at least."""
    return np.maximum(pt - density * area * offset[eta_bin(eta)], 0.1 * pt)


def response_correction(
    pt: Float64[np.ndarray, " n"], eta: Float64[np.ndarray, " n"], table: Float64[np.ndarray, "bins terms"]
) -> Float64[np.ndarray, " n"]:
    """Generated over reconstructed pt, a polynomial of log pt in bins of |η|."""
    x = np.log(np.clip(pt, LEAST_PT, MOST_PT) / 50.0)
    terms = np.stack([x**power for power in range(table.shape[1])], axis=1)
    return np.clip((terms * table[eta_bin(eta)]).sum(axis=1), 0.5, 3.0)


def corrected_pt(
    pt: Float64[np.ndarray, " n"],
    eta: Float64[np.ndarray, " n"],
    area: Float64[np.ndarray, " n"],
    density: Float64[np.ndarray, " n"],
) -> Float64[np.ndarray, " n"]:
    """Both corrections."""
    numbers = _numbers()
    first = offset_corrected(pt, eta, area, density, np.array(numbers["offset"]))
    return first * response_correction(first, eta, np.array(numbers["response"]))


def flavour_inputs(pt: Float64[np.ndarray, " n"], eta: Float64[np.ndarray, " n"], of: Contents) -> np.ndarray:
    """What the b and c tagger reads."""
    squeezed = np.sign(of.significances) * np.log1p(np.abs(of.significances))
    shown = (of.displaced, of.displaced_mass.clip(0, 8), of.displaced_share, np.log1p(of.lepton))
    return np.column_stack([np.log(pt), np.abs(eta), of.tracks, squeezed, *shown, of.energy[:, 0]])


def gluon_inputs(pt: Float64[np.ndarray, " n"], eta: Float64[np.ndarray, " n"], of: Contents) -> np.ndarray:
    """What the quark-gluon score reads."""
    return np.column_stack([np.log(pt), np.abs(eta), of.hard, of.dispersion, np.log(of.minor_axis + 1e-3)])


def pileup_inputs(
    pt: Float64[np.ndarray, " n"], eta: Float64[np.ndarray, " n"], of: Contents, density: Float64[np.ndarray, " n"]
) -> np.ndarray:
    """What the score of jets of pile-up reads."""
    shapes = (of.energy[:, 0], of.tracks, of.width, of.core, of.dispersion, of.number.sum(axis=1))
    return np.column_stack([np.log(pt), np.abs(eta), density, *shapes])


def network(name: str) -> Network:
    """A fitted one: `flavour` (light, c, b), `gluon` (gluon, quark), `pileup` (pile-up, jet)."""
    kept = _numbers()[name]
    return Network(**{part: np.array(kept[part]) for part in Network.__dataclass_fields__})


def eta_bin(eta: Float64[np.ndarray, " n"]) -> Int64[np.ndarray, " n"]:
    """Bin of |η|; what lies beyond is in the last one."""
    return np.clip(np.searchsorted(ETA_EDGES, np.abs(eta), side="right") - 1, 0, len(ETA_EDGES) - 2)


def pileup_flags(score: Float[np.ndarray, " n"]) -> Int64[np.ndarray, " n"]:
    """puId: bits 2, 1 and 0 for loose, medium and tight, from the score."""
    loose, medium, tight = (score > least for least in PILEUP_LIMITS)
    return 4 * loose + 2 * medium + 1 * tight


def jet_flags(
    eta: Float[np.ndarray, " n"], energy: Float[np.ndarray, "n 5"], number: Shaped[np.ndarray, " n"]
) -> Int64[np.ndarray, " n"]:
    """jetId: 2 for tight, 4 more if leptons are not most of it; by shares of energy and number of constituents."""
    charged, electrons, muons, photons, neutral = energy.T
    several = number > 1
    central = (neutral < 0.9) & (photons < 0.9) & (charged > 0) & several
    tight = np.where(np.abs(eta) < 2.5, central, (photons < 0.99) & several)
    return 2 * tight + 4 * (tight & (muons < 0.8) & (electrons < 0.8))


@cache
def _numbers() -> dict[str, Any]:
    return json.loads(NUMBERS.read_text())
