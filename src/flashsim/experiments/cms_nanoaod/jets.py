"""Reconstructed jets: area, corrections, partners, and what belongs to each."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64

from flashsim.events.pairs import all_pairs, first_come
from flashsim.experiments.cms_nanoaod.candidates import Candidates
from flashsim.experiments.cms_nanoaod.clustering import RADIUS, Ghosts, Jets, cluster
from flashsim.experiments.cms_nanoaod.constituents import Contents, contents

RAW_PT = 5.0  # GeV, before corrections
_POINTS = 200  # that a jet's area is measured with


@dataclass(frozen=True)
class RawJets:
    """Jets before corrections; `generated` is the row of the generated jet of each, -1 for none."""

    jets: Jets
    area: Float64[np.ndarray, " jets"]
    contents: Contents
    generated: Int64[np.ndarray, " jets"]


def raw_jets(candidates: Candidates, ghosts: Ghosts, generated: Jets, events: int) -> RawJets:
    """Jets of the candidates of the main vertex and the neutral ones."""
    inside = candidates.take(candidates.main)
    jets = cluster(inside.event, inside.momentum, ghosts, events, RAW_PT)
    return RawJets(jets, areas(jets, events), contents(jets, inside), partners(jets, generated, events))


def areas(jets: Jets, events: int) -> Float64[np.ndarray, " jets"]:
    """The part of the disc around each jet where something soft would be taken in by it, and not by another one.

    That is the passive area of anti-kt (arXiv:0802.1188) for jets that are small: a soft particle goes to the jet with
    the least ΔR / pt.
    """
    offsets = jets.offsets(events)
    pairs = all_pairs(offsets, offsets, np.ones(len(jets.pt), dtype=bool)).at(jets.eta, jets.phi, jets.eta, jets.phi)
    pairs = pairs.keep((pairs.own != pairs.other) & (pairs.dr < 2 * RADIUS))
    number = np.arange(_POINTS) + 0.5
    radius, angle = RADIUS * np.sqrt(number / _POINTS), np.pi * (3 - np.sqrt(5)) * number  # a sunflower
    x, y = radius * np.cos(angle), radius * np.sin(angle)
    away = np.hypot(x - pairs.deta[:, None], y - pairs.dphi[:, None])
    lost = (away < RADIUS) & (away / jets.pt[pairs.other][:, None] < radius / jets.pt[pairs.own][:, None])
    anywhere = np.zeros((len(jets.pt), _POINTS), dtype=bool)
    np.logical_or.at(anywhere, pairs.own, lost)
    return np.pi * RADIUS**2 * (1 - anywhere.mean(axis=1))


def partners(jets: Jets, generated: Jets, events: int) -> Int64[np.ndarray, " jets"]:
    """The generated jet within ΔR < 0.4, the closest pairs first, each in one pair."""
    pairs = all_pairs(jets.offsets(events), generated.offsets(events), np.ones(len(generated.pt), dtype=bool))
    pairs = pairs.at(jets.eta, jets.phi, generated.eta, generated.phi)
    made = first_come(pairs.keep(pairs.dr < RADIUS))
    found = np.full(len(jets.pt), -1, dtype=np.int64)
    found[made.own] = made.other
    return found
