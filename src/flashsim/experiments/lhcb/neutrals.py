"""Photons and neutral pions: which have a cluster, of their own or one together, and what was measured."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float64, Int64

from flashsim.experiments.lhcb.calorimeter import Clusters, outside
from flashsim.experiments.lhcb.combination import probability
from flashsim.experiments.lhcb.geometry import CALORIMETER
from flashsim.experiments.lhcb.records import Pairs
from flashsim.experiments.spectrometer.records import Primaries

NONE, PHOTON, MERGED = range(3)
END_OF_DIPOLE = 7500.0  # mm: electrons of later conversions stay together
_FARTHEST, _NEAREST = 2000.0, 3.0  # mm


@dataclass(frozen=True)
class Neutrals:
    """One row a photon; of photons that share a cluster the first has it."""

    converted: Bool[np.ndarray, "n"]
    neutral: Int64[np.ndarray, "n"]
    energy: Float64[np.ndarray, "n"]
    x: Float64[np.ndarray, "n"]
    y: Float64[np.ndarray, "n"]
    photon_id: Float64[np.ndarray, "n"]


def photon_likeness(
    clusters: Clusters, track_x: Float[np.ndarray, "t"], track_y: Float[np.ndarray, "t"]
) -> Float64[np.ndarray, "n"]:
    """Between 0 (electron or hadron) and 1 (photon): far from every track, and narrow."""
    away = np.full(len(clusters), _FARTHEST)
    if len(track_x) and len(clusters):
        away = np.hypot(clusters.x[:, None] - track_x, clusters.y[:, None] - track_y).min(axis=1)
    score = 1.2 * np.log(np.clip(away, _NEAREST, _FARTHEST) / CALORIMETER.cell) + 6.0 * (clusters.seed_share - 0.55)
    return probability(score)


def converted(pairs: Pairs, photons: Int64[np.ndarray, "n"]) -> Bool[np.ndarray, "n"]:
    """Whether each photon (its row in the primaries) became a pair before the end of the dipole."""
    return np.isin(photons, pairs.row[pairs.z < END_OF_DIPOLE])


def on_calorimeter(primaries: Primaries, rows: Int64[np.ndarray, "n"]) -> Float64[np.ndarray, "2 n"]:
    """Where the straight lines of particles cross the calorimeter's front (mm)."""
    far = CALORIMETER.start - primaries.vz[rows]
    pz = primaries.pz[rows]
    return np.stack(
        [primaries.vx[rows] + primaries.px[rows] / pz * far, primaries.vy[rows] + primaries.py[rows] / pz * far]
    )


def found(
    photons: Int64[np.ndarray, "n"],
    mother: Int64[np.ndarray, "n"],
    place: Float[np.ndarray, "2 n"],
    clusters: Clusters,
    owner: Int64[np.ndarray, "clusters"],
) -> tuple[Int64[np.ndarray, "n"], Int64[np.ndarray, "n"]]:
    """What each photon of an event left (`NONE`, `PHOTON`, `MERGED`), and which cluster, or -1.

    A photon's cluster is the one with most energy of those to which it gave more than anything else. A neutral pion
    is merged if one photon has a cluster and the other, without one, falls on the cells of it.
    """
    which = np.full(len(photons), -1, np.int64)
    for number in np.argsort(clusters.energy, kind="stable"):  # the largest is written last
        which[photons == owner[number]] = number
    kind = np.where(which >= 0, PHOTON, NONE)
    for pion in np.unique(mother[mother >= 0]):
        first, second = np.flatnonzero(mother == pion)
        if (which[first] >= 0) == (which[second] >= 0):
            continue
        lost, other = (first, second) if which[first] < 0 else (second, first)
        cluster = which[other]
        away = np.abs(place[:, lost] - np.array([clusters.x[cluster], clusters.y[cluster]]))
        if away.max() < 1.5 * CALORIMETER.cell and not outside(place[:1, lost], place[1:, lost])[0]:
            kind[[first, second]] = MERGED, NONE
            which[first], which[second] = cluster, -1
    return kind, which
