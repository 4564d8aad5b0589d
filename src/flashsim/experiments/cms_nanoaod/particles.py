"""Stable particles in the detector: which leave a track, and what each leaves in the calorimeters.

The numbers are those of CMS where they are public (see the README), as smooth functions of pt and η.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int64

from flashsim.card.charges import charge as charge_of
from flashsim.events.pairs import wrapped
from flashsim.experiments.cms_nanoaod.kinematics import MAGNETIC_FIELD, pt_eta_phi
from flashsim.experiments.cms_nanoaod.record import Record

ACCEPTANCE = 4.97
"""|η| up to which anything is seen."""
TRACKER_ETA = 2.5
LEAST_TRACK_PT = 0.3  # GeV
_BARREL = 1.29, 3.15  # m: radius and half length of the calorimeter's inner face
CHARGED_HADRON, ELECTRON, MUON, PHOTON, NEUTRAL_HADRON = range(5)
"""Kinds of what the particle flow knows."""


@dataclass(frozen=True)
class Tracks:
    """Measured tracks; `row` is that of their particle."""

    event: Int64[np.ndarray, " n"]
    row: Int64[np.ndarray, " n"]
    kind: Int64[np.ndarray, " n"]
    pt: Float64[np.ndarray, " n"]
    eta: Float64[np.ndarray, " n"]
    phi: Float64[np.ndarray, " n"]
    charge: Int64[np.ndarray, " n"]
    impact: Float64[np.ndarray, " n"]
    """Transverse impact parameter (mm), positive to the left of the track."""
    impact_error: Float64[np.ndarray, " n"]


@dataclass(frozen=True)
class Deposits:
    """True energies that enter the calorimeters at (η, φ), and the momenta of their tracks (0: none)."""

    event: Int64[np.ndarray, " n"]
    eta: Float64[np.ndarray, " n"]
    phi: Float64[np.ndarray, " n"]
    electromagnetic: Float64[np.ndarray, " n"]
    hadronic: Float64[np.ndarray, " n"]
    tracked_electromagnetic: Float64[np.ndarray, " n"]
    tracked_hadronic: Float64[np.ndarray, " n"]


def detect(record: Record, random: np.random.Generator) -> tuple[Tracks, Deposits]:
    """Tracks and deposits of all visible particles."""
    rows = np.flatnonzero(record.visible)
    pt, eta, phi = pt_eta_phi(record.momentum[rows])
    rows, pt, eta, phi = (values[np.abs(eta) < ACCEPTANCE] for values in (rows, pt, eta, phi))
    pdg, species, event = record.pdg[rows], np.abs(record.pdg[rows]), record.event[rows]
    charge = charge_of(pdg).astype(np.int64)
    radius = np.hypot(*record.vertex[rows, :2].T)
    found = (charge != 0) & (random.random(len(rows)) < track_efficiency(pt, eta, radius, species))
    measured = np.where(found, pt * (1 + track_resolution(pt, eta, species) * _tailed(random, len(rows))), pt)
    measured = np.maximum(measured, 0.5 * pt)
    energy = record.momentum[rows, 3]
    tracked = np.where(found, energy * measured / np.maximum(pt, 1e-9), 0.0)
    electromagnetic = np.isin(species, (11, 22)).astype(np.float64)
    neutral = (charge == 0) & (species != 22)
    # A neutral hadron starts its shower in the electromagnetic calorimeter every other time.
    early = neutral & (random.random(len(rows)) < 0.5)
    electromagnetic = np.where(early, random.uniform(0.0, 0.6, len(rows)), electromagnetic)
    reaches, phi_there = at_calorimeter(pt, eta, phi, charge)
    left = np.where(reaches & (species != 13), energy, 0.0)
    deposits = Deposits(
        event,
        eta,
        phi_there,
        left * electromagnetic,
        left * (1 - electromagnetic),
        tracked * electromagnetic * (left > 0),
        tracked * (1 - electromagnetic) * (left > 0),
    )
    kind = np.select([species == 11, species == 13], [ELECTRON, MUON], CHARGED_HADRON)
    error = impact_resolution(pt, eta)
    impact = _impact(record.vertex[rows], phi) + error * _tailed(random, len(rows))
    wobble = 1e-3 * random.normal(size=(2, len(rows)))
    every = (event, rows, kind, measured, eta + wobble[0], wrapped(phi + wobble[1]), charge, impact, error)
    return Tracks(*(values[found] for values in every)), _nonempty(deposits)


def track_efficiency(
    pt: Float64[np.ndarray, " n"],
    eta: Float64[np.ndarray, " n"],
    radius: Float64[np.ndarray, " n"],
    species: Int64[np.ndarray, " n"],
) -> Float64[np.ndarray, " n"]:
    """Probability that a charged particle born at a transverse `radius` (mm) has a track."""
    plateau = np.select([species == 13, species == 11], [0.99, 0.96], 0.95) - 0.05 * np.clip(np.abs(eta) - 1.0, 0, 1.5)
    rise = 1 - 0.25 * np.exp(-(pt - LEAST_TRACK_PT) / 0.4)
    seen = (pt > LEAST_TRACK_PT) & (np.abs(eta) < TRACKER_ETA)
    return np.where(seen, plateau * np.minimum(rise, 1.0) * np.exp(-radius / 300.0), 0.0)


def track_resolution(
    pt: Float64[np.ndarray, " n"], eta: Float64[np.ndarray, " n"], species: Int64[np.ndarray, " n"]
) -> Float64[np.ndarray, " n"]:
    """σ(pt)/pt: multiple scattering and sagitta; an electron is measured by the better of tracker and calorimeter."""
    scattering, sagitta = 0.008 + 0.003 * eta**2, 1.0e-4 * (1 + 0.4 * eta**2)
    track = np.hypot(scattering, sagitta * pt)
    return np.where(species == 11, np.minimum(3 * track, electromagnetic_resolution(pt * np.cosh(eta), eta)), track)


def impact_resolution(pt: Float64[np.ndarray, " n"], eta: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
    """σ of the transverse impact parameter (mm): intrinsic, and multiple scattering."""
    return np.hypot(0.018, 0.070 / pt * np.cosh(eta) ** 0.5)


def electromagnetic_resolution(
    energy: Float64[np.ndarray, "*shape"], eta: Float64[np.ndarray, "*shape"]
) -> Float64[np.ndarray, "*shape"]:
    """σ(E)/E: lead tungstate within |η| < 3, behind most matter where the barrel ends; quartz fibres beyond."""
    matter = 1 + 0.8 * np.exp(-0.5 * ((np.abs(eta) - 1.7) / 0.4) ** 2)
    crystals = matter * np.sqrt(0.06**2 / energy + (0.25 / energy) ** 2 + 0.01**2)
    return np.where(np.abs(eta) < 3, crystals, np.hypot(1.98 / np.sqrt(energy), 0.09))


def hadronic_resolution(
    energy: Float64[np.ndarray, "*shape"], eta: Float64[np.ndarray, "*shape"]
) -> Float64[np.ndarray, "*shape"]:
    """σ(E)/E of hadrons: brass and scintillator within |η| < 3, quartz fibres beyond."""
    inner = np.abs(eta) < 3
    return np.hypot(np.where(inner, 1.10, 2.80) / np.sqrt(energy), np.where(inner, 0.09, 0.11))


def at_calorimeter(
    pt: Float64[np.ndarray, " n"],
    eta: Float64[np.ndarray, " n"],
    phi: Float64[np.ndarray, " n"],
    charge: Int64[np.ndarray, " n"],
) -> tuple[Bool[np.ndarray, " n"], Float64[np.ndarray, " n"]]:
    """Which particles reach the calorimeters, and their azimuth there; pseudorapidity stays."""
    radius = np.minimum(_BARREL[0], _BARREL[1] / np.maximum(np.abs(np.sinh(eta)), 1e-3))
    turn = 0.5 * 0.299792458 * MAGNETIC_FIELD * charge * radius / np.maximum(pt, 1e-9)
    return np.abs(turn) < 1, wrapped(phi - np.arcsin(np.clip(turn, -1, 1)))


def _impact(vertex: Float64[np.ndarray, "n 3"], phi: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
    """Of straight lines to the beam; positive where the line passes with the beam to its right."""
    return np.cos(phi) * vertex[:, 1] - np.sin(phi) * vertex[:, 0]


def _tailed(random: np.random.Generator, number: int) -> Float64[np.ndarray, " n"]:
    """Normal numbers, 3 % of them four times as wide."""
    return random.normal(size=number) * np.where(random.random(number) < 0.03, 4.0, 1.0)


def _nonempty(deposits: Deposits) -> Deposits:
    there = (deposits.electromagnetic + deposits.hadronic) > 0
    return Deposits(*(getattr(deposits, name)[there] for name in Deposits.__dataclass_fields__))
