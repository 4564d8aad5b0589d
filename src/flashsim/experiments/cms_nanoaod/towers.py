"""Calorimeter towers, and what of their energy tracks do not explain: photons and neutral hadrons.

The energy flow of Delphes 3 (arXiv:1307.6346): a tower's measured energy less the momenta of its tracks is a neutral
particle if it is significant.
"""

from dataclasses import dataclass, fields

import numpy as np
from jaxtyping import Float64, Int64

from flashsim.events.pairs import wrapped
from flashsim.experiments.cms_nanoaod.particles import (
    NEUTRAL_HADRON,
    PHOTON,
    Deposits,
    electromagnetic_resolution,
    hadronic_resolution,
)

COLUMNS = 72
"""Towers around the beam."""
WIDTH = 2 * np.pi / COLUMNS
ROWS = 114
"""Along η, as wide."""
EDGE = ROWS * WIDTH / 2
_LEAST = {"electromagnetic": 0.5, "hadronic": 1.0}  # GeV of energy
_LEAST_PT = {"electromagnetic": 0.25, "hadronic": 0.5}  # GeV
_SPREAD = 0.005  # in η and φ, of photons in crystals
_SIGNIFICANCE = 1.5  # of an excess over tracks
_NEGLIGIBLE = 0.05  # GeV: towers with less are not looked at


@dataclass(frozen=True)
class Entries:
    """What is in towers before it is measured; `tower` is row * COLUMNS + column.

    `deta` and `dphi`: where the electromagnetic energy is, from the middle of the tower, times this energy.
    """

    event: Int64[np.ndarray, " n"]
    tower: Int64[np.ndarray, " n"]
    electromagnetic: Float64[np.ndarray, " n"]
    hadronic: Float64[np.ndarray, " n"]
    tracked_electromagnetic: Float64[np.ndarray, " n"]
    tracked_hadronic: Float64[np.ndarray, " n"]
    deta: Float64[np.ndarray, " n"]
    dphi: Float64[np.ndarray, " n"]


@dataclass(frozen=True)
class Neutrals:
    """Neutral candidates of the energy flow."""

    event: Int64[np.ndarray, " n"]
    kind: Int64[np.ndarray, " n"]
    pt: Float64[np.ndarray, " n"]
    eta: Float64[np.ndarray, " n"]
    phi: Float64[np.ndarray, " n"]


def entries_of(deposits: Deposits) -> Entries:
    """Which towers deposits are in."""
    row, column = row_of(deposits.eta), column_of(deposits.phi)
    return Entries(
        deposits.event,
        row * COLUMNS + column,
        deposits.electromagnetic,
        deposits.hadronic,
        deposits.tracked_electromagnetic,
        deposits.tracked_hadronic,
        deposits.electromagnetic * (deposits.eta - eta_of(row)),
        deposits.electromagnetic * wrapped(deposits.phi - phi_of(column)),
    )


def summed(entries: Entries) -> Entries:
    """One entry a tower that has anything, in the order of events and towers."""
    key = entries.event * (ROWS * COLUMNS) + entries.tower
    present, place = np.unique(key, return_inverse=True)
    sums = [
        np.bincount(place, getattr(entries, field.name), len(present))
        for field in fields(Entries)
        if field.name not in ("event", "tower")
    ]
    return Entries(present // (ROWS * COLUMNS), present % (ROWS * COLUMNS), *sums)


def neutrals(entries: Entries, random: np.random.Generator) -> Neutrals:
    """Measure towers (summed before), and subtract their tracks."""
    row, column = entries.tower // COLUMNS, entries.tower % COLUMNS
    eta, phi = eta_of(row), phi_of(column)
    parts: list[Neutrals] = []
    for which, kind in (("electromagnetic", PHOTON), ("hadronic", NEUTRAL_HADRON)):
        resolution = electromagnetic_resolution if kind == PHOTON else hadronic_resolution
        true, tracked = getattr(entries, which), getattr(entries, f"tracked_{which}")
        rows = np.flatnonzero(true > _NEGLIGIBLE)
        left = _measured(true[rows], resolution(true[rows], eta[rows]), random) - tracked[rows]
        # Where there are tracks, an excess must be larger than what the calorimeter makes of their energy.
        noise = _SIGNIFICANCE * tracked[rows] * resolution(np.maximum(tracked[rows], _NEGLIGIBLE), eta[rows])
        seen = (left > np.maximum(_LEAST[which], noise)) & (left > _LEAST_PT[which] * np.cosh(eta[rows]))
        rows, left = rows[seen], left[seen]
        if kind == PHOTON:
            inside = np.stack([entries.deta[rows], entries.dphi[rows]]) / true[rows]
            inside += _SPREAD * random.normal(size=inside.shape)
        else:
            inside = WIDTH * random.uniform(-0.5, 0.5, (2, len(rows)))
        there = eta[rows] + inside[0]
        parts.append(
            Neutrals(
                entries.event[rows],
                np.full(len(rows), kind),
                left / np.cosh(there),
                there,
                wrapped(phi[rows] + inside[1]),
            )
        )
    return Neutrals(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Neutrals)))


def row_of(eta: Float64[np.ndarray, " n"]) -> Int64[np.ndarray, " n"]:
    """The row of towers at η."""
    return np.clip(np.floor((eta + EDGE) / WIDTH).astype(np.int64), 0, ROWS - 1)


def column_of(phi: Float64[np.ndarray, " n"]) -> Int64[np.ndarray, " n"]:
    """The column of towers at φ."""
    return np.floor((phi + np.pi) / WIDTH).astype(np.int64) % COLUMNS


def eta_of(row: Int64[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
    """η of the middle of a row."""
    return (row + 0.5) * WIDTH - EDGE


def phi_of(column: Int64[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
    """φ of the middle of a column."""
    return (column + 0.5) * WIDTH - np.pi


def _measured(
    energy: Float64[np.ndarray, " n"], resolution: Float64[np.ndarray, " n"], random: np.random.Generator
) -> Float64[np.ndarray, " n"]:
    """Log-normal with the energy as mean: never negative, as Delphes does."""
    width = np.sqrt(np.log1p(resolution**2))
    return energy * np.exp(width * random.normal(size=len(energy)) - 0.5 * width**2)
