"""From likelihoods of detectors to those of particles: combined DLLs, and numbers like ProbNN.

Everything here is a stated function, so that a sample can be made again; none of it is fitted.
"""

import numpy as np
from jaxtyping import Float, Float64

from flashsim.experiments.lhcb.muons import LEAST_MOMENTUM, MuonAnswer
from flashsim.experiments.lhcb.tracks import HYPOTHESES
from flashsim.experiments.spectrometer.rounding import round_step

MINIMUM_IONISING = (0.32, 0.12)  # GeV in the calorimeter, mean and width
NOT_MUON = -3.0  # log-likelihood of a muon that has no isMuon although it could; and what isMuon itself is worth
IS_MUON = 2.0
PRIOR = {"e": -2.5, "mu": -2.5, "pi": 0.0, "k": -1.0, "p": -1.5}  # logarithms
GHOST = -4.0  # the same of a track that no particle made, which a good fit makes less likely
LARGEST = 3.0  # what one detector says counts at most so much
STEP, FARTHEST = 2.0**-7, 13.0  # of logarithms of odds: so fine they are kept, and so far single precision goes
WEIGHTS = (0.3, 0.4)  # of the radiators: their likelihoods are too sure of themselves, the first one's most


def _normal(x: Float[np.ndarray, "n"], mean: float, width: Float[np.ndarray, "n"] | float) -> np.ndarray:
    return np.exp(-0.5 * ((x - mean) / width) ** 2) / (np.sqrt(2 * np.pi) * width)


def calorimeter_likelihoods(
    energy: Float[np.ndarray, "n"], middle: Float[np.ndarray, "n"], momentum: Float[np.ndarray, "n"]
) -> Float64[np.ndarray, "n 2"]:
    """Log-likelihoods of electron and muon over a hadron, from energy (GeV), share of the middle cell, momentum.

    An electron leaves its momentum, less what it has radiated; a muon ionises; a hadron does so too, or showers.
    """
    ratio = energy / momentum
    width = np.sqrt(0.01 / np.maximum(momentum, 0.5) + 0.03**2) + 0.02
    radiated = np.where(ratio < 1, np.exp((np.minimum(ratio, 1) - 1) / 0.25) / 0.25, 0.0)
    electron = 0.7 * _normal(ratio, 1.0, width) + 0.25 * radiated + 0.05 / 2.0
    ionising = _normal(energy, *MINIMUM_IONISING) * momentum  # in units of the ratio
    shower = np.exp(-ratio / 0.35) / 0.35
    muon = 0.95 * ionising + 0.05 * shower
    hadron = 0.45 * ionising + 0.55 * shower
    compact = 2.5 * (middle - 0.62)  # showers of electrons are narrow
    floor = 1e-4
    first = np.log((electron + floor) / (hadron + floor)) + np.where(ratio > 0.3, compact, 0.0)
    return np.stack([first, np.log((muon + floor) / (hadron + floor))], axis=1)


def muon_part(answer: MuonAnswer, momentum: Float[np.ndarray, "n"]) -> Float64[np.ndarray, "n"]:
    """What the muon stations say of a muon over everything else; 0 for tracks that could not reach them."""
    said = np.where(answer.is_muon, IS_MUON + answer.muon - answer.background, NOT_MUON)
    return np.where(answer.inside & (momentum > LEAST_MOMENTUM), said, 0.0)


def probability(odds: Float[np.ndarray, "*shape"]) -> Float64[np.ndarray, "*shape"]:
    """From logarithms of odds, rounded; never 0 or 1 in single precision."""
    return 1 / (1 + np.exp(-np.clip(round_step(odds, STEP), -FARTHEST, FARTHEST)))


def probabilities(
    rich: Float[np.ndarray, "radiators n hypotheses"],
    calorimeter: Float[np.ndarray, "n 2"],
    muon: Float[np.ndarray, "n"],
    chi2_per_ndof: Float[np.ndarray, "n"],
) -> Float64[np.ndarray, "n hypotheses"]:
    """For each hypothesis a number between 0 and 1, like ProbNN: it against the others and a ghost.

    As networks do, it weights what it is given in its own way: each radiator by itself, with a limit on each.
    """

    def limited(values: np.ndarray) -> np.ndarray:
        return LARGEST * np.tanh(values / LARGEST)

    total = sum(limited(weight * one) for weight, one in zip(WEIGHTS, rich, strict=True))
    score = total + np.array([PRIOR[name] for name in HYPOTHESES])
    score[:, HYPOTHESES.index("e")] += limited(calorimeter[:, 0])
    score[:, HYPOTHESES.index("mu")] += limited(0.5 * calorimeter[:, 1] + muon)
    ghost = (GHOST + 0.8 * (chi2_per_ndof - 1))[:, None]
    all_scores = np.concatenate([score, ghost], axis=1)
    result = np.empty_like(score)
    for number in range(score.shape[1]):
        others = np.delete(all_scores, number, axis=1)
        result[:, number] = score[:, number] - np.logaddexp.reduce(others, axis=1)
    return probability(result)
