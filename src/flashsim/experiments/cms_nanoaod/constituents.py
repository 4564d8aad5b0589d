"""What is measured of a jet beside its momentum: sums over its constituents that taggers read."""

from dataclasses import dataclass, fields

import numpy as np
from jaxtyping import Float64, Int64

from flashsim.events.pairs import wrapped
from flashsim.experiments.cms_nanoaod.candidates import Candidates
from flashsim.experiments.cms_nanoaod.clustering import Jets
from flashsim.experiments.cms_nanoaod.kinematics import mass_of
from flashsim.experiments.cms_nanoaod.particles import ELECTRON, MUON

TRACK_PT = 1.0  # GeV, of tracks whose impact parameters are looked at
DISPLACED = 2.5
"""σ of the impact parameter from which a track counts as displaced."""


@dataclass(frozen=True)
class Contents:
    """One row a jet."""

    energy: Float64[np.ndarray, "jets 5"]
    """Share of the energy by kind of candidate; they add up to 1."""
    number: Int64[np.ndarray, "jets 5"]
    """Candidates by kind."""
    tracks: Int64[np.ndarray, " jets"]
    significances: Float64[np.ndarray, "jets 3"]
    """The three largest impact parameters in units of their errors, with the sign of a decay in flight; 0 without."""
    displaced: Int64[np.ndarray, " jets"]
    displaced_mass: Float64[np.ndarray, " jets"]
    displaced_share: Float64[np.ndarray, " jets"]
    """Of the pt of all tracks."""
    lepton: Float64[np.ndarray, " jets"]
    """Largest momentum of an electron or muon across the jet (GeV), 0 without."""
    hard: Int64[np.ndarray, " jets"]
    """Constituents above 1 GeV."""
    dispersion: Float64[np.ndarray, " jets"]
    """√Σpt² / Σpt."""
    minor_axis: Float64[np.ndarray, " jets"]
    """Width along the shorter axis in η and φ, weighted with pt²."""
    width: Float64[np.ndarray, " jets"]
    """Mean ΔR, weighted with pt²."""
    core: Float64[np.ndarray, " jets"]
    """Share of pt within ΔR < 0.1."""

    def take(self, chosen: np.ndarray) -> "Contents":
        """Those of some jets."""
        return Contents(*(getattr(self, field.name)[chosen] for field in fields(self)))


def contents(jets: Jets, candidates: Candidates) -> Contents:
    """Of jets whose constituents are rows of `candidates`."""
    owner, of = jets.owner, candidates.take(jets.member)
    size = len(jets.pt)
    momentum = of.momentum

    def total(values: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, " jets"]:
        return np.bincount(owner, values, size)

    kind = owner * 5 + of.kind
    energy = np.bincount(kind, momentum[:, 3], 5 * size).reshape(size, 5)
    deta, dphi = of.eta - jets.eta[owner], wrapped(of.phi - jets.phi[owner])
    distance, square = np.hypot(deta, dphi), of.pt**2
    pt, squares = total(of.pt), total(square)
    track = (of.charge != 0) & (of.pt > TRACK_PT)
    significance = _signed(of, jets, owner) / of.impact_error
    shifted = track & (significance > DISPLACED)
    vertex = np.stack([total(np.where(shifted, momentum[:, axis], 0.0)) for axis in range(4)], axis=1)
    across = total(square * deta**2) / squares, total(square * dphi**2) / squares, total(square * deta * dphi) / squares
    split = np.sqrt((across[0] - across[1]) ** 2 + 4 * across[2] ** 2)
    lepton = np.zeros(size)
    leptons = np.isin(of.kind, (ELECTRON, MUON))
    np.maximum.at(lepton, owner[leptons], _across(momentum, jets.momentum[owner])[leptons])
    return Contents(
        energy / energy.sum(axis=1, keepdims=True),
        np.bincount(kind, minlength=5 * size).reshape(size, 5),
        np.bincount(owner[track], minlength=size),
        _largest(significance[track], owner[track], size),
        np.bincount(owner[shifted], minlength=size),
        mass_of(vertex),
        total(of.pt * shifted) / np.maximum(total(of.pt * track), 1e-9),
        lepton,
        np.bincount(owner[of.pt > 1.0], minlength=size),
        np.sqrt(squares) / pt,
        np.sqrt(np.maximum(0.5 * (across[0] + across[1] - split), 0.0)),
        total(square * distance) / squares,
        total(of.pt * (distance < 0.1)) / pt,
    )


def _signed(of: Candidates, jets: Jets, owner: Int64[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
    """Impact parameters, positive where the closest point lies along the jet, as for a decay in flight."""
    left = -np.sin(of.phi) * np.cos(jets.phi[owner]) + np.cos(of.phi) * np.sin(jets.phi[owner])
    return np.abs(of.impact) * np.where(of.impact * left >= 0, 1.0, -1.0)


def _across(momentum: Float64[np.ndarray, "n 4"], axis: Float64[np.ndarray, "n 4"]) -> Float64[np.ndarray, " n"]:
    """Momentum across an axis."""
    cross = np.cross(momentum[:, :3], axis[:, :3])
    return np.linalg.norm(cross, axis=1) / np.maximum(np.linalg.norm(axis[:, :3], axis=1), 1e-9)


def _largest(
    values: Float64[np.ndarray, " n"], owner: Int64[np.ndarray, " n"], size: int
) -> Float64[np.ndarray, "jets 3"]:
    order = np.lexsort((-values, owner))
    place = np.arange(len(owner)) - np.searchsorted(owner[order], owner[order])
    found = np.zeros((size, 3))
    first = place < 3
    found[owner[order][first], place[first]] = values[order][first]
    return found
