"""Muon stations: pads that were hit, isMuon, and the likelihoods of muon and background.

isMuon asks for hits near the extrapolated track, in the more stations the higher its momentum (Archilli et al.,
JINST 8 (2013) P10020); a muon's hits are as far away as scattering in the absorbers puts them.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float64, Int64

from flashsim.experiments.lhcb.geometry import ABSORBERS, CALORIMETER, MUON_STATIONS
from flashsim.experiments.lhcb.records import MuonHits
from flashsim.experiments.lhcb.tracks import Tracks, of_events
from flashsim.experiments.spectrometer.records import Primaries

LEAST_MOMENTUM, ALL_BUT_ONE, ALL = 3.0, 6.0, 10.0  # GeV: two stations, a third from the last two, all four
WINDOW = 3.5  # standard deviations of scattering, beside a pad and a half
BACKGROUND = 0.6  # of the window: the width that is taken for tracks that are no muons
_IRON, _BLOCK = 17.57, 17.2  # mm, radiation lengths
_HIGHLAND = 0.0136  # GeV


@dataclass(frozen=True)
class MuonAnswer:
    """Of each track: whether it is inside all stations, isMuon, and the two log-likelihoods (0 without isMuon)."""

    inside: Bool[np.ndarray, "n"]
    is_muon: Bool[np.ndarray, "n"]
    muon: Float64[np.ndarray, "n"]
    background: Float64[np.ndarray, "n"]


def scattering(momentum: Float[np.ndarray, "n"], station: int) -> Float64[np.ndarray, "n"]:
    """The standard deviation (mm) of a muon's distance to its straight line in a station, by Highland's formula."""
    z = MUON_STATIONS[station].z
    blocks = [(CALORIMETER.start, CALORIMETER.depth, _BLOCK)]
    blocks += [(wall.start, wall.depth, _IRON) for wall in ABSORBERS[: station + 1]]
    depth = sum(length / unit for _, length, unit in blocks)
    lever2 = sum(length / unit * ((z - start - 0.5 * length) ** 2 + length**2 / 12) for start, length, unit in blocks)
    # what it has lost on the way makes it scatter more: 1.5 GeV is half of what all blocks take
    return _HIGHLAND * (1 + 0.038 * np.log(depth)) * np.sqrt(lever2) / np.maximum(momentum - 1.5, 1.0)


def required(momentum: Float[np.ndarray, "n"], near: Bool[np.ndarray, "n stations"]) -> Bool[np.ndarray, "n"]:
    """isMuon: whether hits near the track are in as many stations as its momentum asks for."""
    first = near[:, 0] & near[:, 1]
    enough = np.where(momentum < ALL_BUT_ONE, first, first & (near[:, 2] | near[:, 3]))
    return (momentum > LEAST_MOMENTUM) & np.where(momentum < ALL, enough, near.all(axis=1))


def pads(
    hits: MuonHits, station: int, rows: Int64[np.ndarray, "m"], random: np.random.Generator
) -> Float64[np.ndarray, "k 2"]:
    """Centres (mm) of the pads of a station that an event hit, noise among them."""
    where = MUON_STATIONS[station]
    kept = rows[random.random(len(rows)) < where.efficiency]
    number = int(random.poisson(where.noise))
    noise = random.uniform(-1, 1, (number, 2)) * np.array([where.half_x, where.half_y])
    points = np.concatenate([np.stack([hits.x[kept], hits.y[kept]], axis=1), noise])
    return (np.unique(np.floor(points / where.pad), axis=0) + 0.5) * where.pad


def muon_answers(tracks: Tracks, hits: MuonHits, primaries: Primaries, seed: int) -> MuonAnswer:
    """isMuon and likelihoods of all tracks; those that were not measured behind the dipole have none."""
    n, momentum = len(tracks), tracks.momentum
    near, inside = np.zeros((n, len(MUON_STATIONS)), bool), tracks.crosses_dipole
    muon, background = np.zeros_like(near, np.float64), np.zeros_like(near, np.float64)
    event = primaries.event[hits.row]
    for number, station in enumerate(MUON_STATIONS):
        there = tracks.at(station.z)[:, :2]
        across = np.abs(there)
        inside = inside & (across[:, 0] < station.half_x) & (across[:, 1] < station.half_y)
        inside &= across.max(axis=1) > station.hole
        sigma = np.hypot(scattering(momentum, number), station.pad / np.sqrt(12))
        window = WINDOW * sigma + 1.5 * station.pad
        distance = np.full((n, 2), np.inf)
        here = np.flatnonzero(hits.station == number)
        for name, own, theirs in of_events(tracks.event, event[here]):
            centres = pads(hits, number, here[theirs], np.random.default_rng([seed, 2, name, number]))
            if len(centres):
                away = centres[None] - there[own][:, None]
                nearest = (away**2).sum(axis=2).argmin(axis=1)
                distance[own] = away[np.arange(len(away)), nearest]
        near[:, number] = (np.abs(distance) < window[:, None]).all(axis=1)
        squared = np.where(near[:, number], (distance**2).sum(axis=1, where=near[:, [number]]), 0.0)
        for answer, width in ((muon, sigma), (background, BACKGROUND * window)):
            answer[:, number] = np.log(4 * window**2 / (2 * np.pi * width**2)) - 0.5 * squared / width**2
    is_muon = inside & required(momentum, near)
    count = np.maximum(near.sum(axis=1), 1)
    means = [np.where(is_muon, (answer * near).sum(axis=1) / count, 0.0) for answer in (muon, background)]
    return MuonAnswer(inside, is_muon, *means)
