"""Reconstructed electrons and muons: tracks of the main vertex, with what is around them."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64

from flashsim.events.pairs import all_pairs
from flashsim.experiments.cms_nanoaod.candidates import Candidates
from flashsim.experiments.cms_nanoaod.clustering import Jets
from flashsim.experiments.cms_nanoaod.particles import ELECTRON, MUON

CONE = 0.4
LEAST_PT = {ELECTRON: 5.0, MUON: 3.0}  # GeV
_PILE_UP = 0.5  # of the charged momentum of pile-up is expected as neutral: Δβ correction


@dataclass(frozen=True)
class Leptons:
    """Of one kind, in the order of events and falling pt; `candidate` is a row of the candidates, `jet` of the jets."""

    event: Int64[np.ndarray, " n"]
    candidate: Int64[np.ndarray, " n"]
    isolation: Float64[np.ndarray, " n"]
    """Sum of pt within 0.4 over that of the lepton, corrected for pile-up."""
    charged_isolation: Float64[np.ndarray, " n"]
    jet: Int64[np.ndarray, " n"]


def leptons(
    candidates: Candidates, jets: Jets, inside: Int64[np.ndarray, " inside"], kind: int, events: int
) -> Leptons:
    """Those of one kind; `inside` are the candidates that jets were made of, so that the jet of each is known."""
    chosen = (candidates.kind == kind) & candidates.main & (candidates.pt > LEAST_PT[kind])
    rows = np.flatnonzero(chosen)
    rows = rows[np.lexsort((-candidates.pt[rows], candidates.event[rows]))]
    event = candidates.event[rows]
    own = np.searchsorted(event, np.arange(events + 1))
    others = np.searchsorted(candidates.event, np.arange(events + 1))
    eta, phi = candidates.eta, candidates.phi
    pairs = all_pairs(own, others, np.ones(len(eta), dtype=bool)).at(eta[rows], phi[rows], eta, phi)
    pairs = pairs.keep((pairs.dr < CONE) & (pairs.other != rows[pairs.own]))

    def around(wanted: np.ndarray) -> Float64[np.ndarray, " n"]:
        return np.bincount(pairs.own, (candidates.pt * wanted)[pairs.other], len(rows))

    charged, main = candidates.charge != 0, candidates.main
    first, second, third = around(charged & main), around(~charged), around(charged & ~main)
    whole = first + np.maximum(second - _PILE_UP * third, 0.0)
    jet_of = np.full(len(eta), -1, dtype=np.int64)
    jet_of[inside[jets.member]] = jets.owner
    pt = candidates.pt[rows]
    return Leptons(event, rows, whole / pt, first / pt, jet_of[rows])
