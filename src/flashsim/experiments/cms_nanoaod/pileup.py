"""Pile-up: a pool of minimum-bias collisions, of which each event gets some: boosted, turned and mirrored."""

from dataclasses import dataclass, fields
from functools import cache

import numpy as np
from jaxtyping import Float64, Int64

from flashsim.events.pairs import wrapped
from flashsim.experiments.cms_nanoaod.particles import Tracks, detect
from flashsim.experiments.cms_nanoaod.processes import PILEUP, collisions
from flashsim.experiments.cms_nanoaod.record import boosted, joined, ranges
from flashsim.experiments.cms_nanoaod.towers import COLUMNS, ROWS, WIDTH, Entries, entries_of, summed

POOL = 5000
"""Minimum-bias collisions of a pool; each can be turned to 72 angles and mirrored."""
BOOSTS, RAPIDITY = 5, 1.0
"""So many copies of each are in the pool, boosted along the beam by up to this rapidity, over which collisions
are alike: else the jets of the few hard ones would all be at the same pseudorapidities."""
MEAN, SHAPE, MOST = 32.0, 10.0, 75.0
"""The true mean number of interactions: a Γ distribution (σ = mean / √shape), up to the most."""
BEAM_LENGTH = 35.0  # mm, σ of the vertices along the beam
MERGED = 0.3  # mm: vertices closer than this are one
_TRACKS = 4  # that make a vertex


@dataclass(frozen=True)
class Pool:
    """Collisions as the detector sees them, each on its own."""

    tracks: Tracks
    track_offsets: Int64[np.ndarray, " boundaries"]
    entries: Entries
    entry_offsets: Int64[np.ndarray, " boundaries"]


@dataclass(frozen=True)
class PileUp:
    """The pile-up of some events: their collisions are mixed. `merged`: tracks taken for those of the main vertex."""

    true_mean: Float64[np.ndarray, " events"]
    collisions: Int64[np.ndarray, " events"]
    vertices: Int64[np.ndarray, " events"]
    """Reconstructed primary vertices, the main one among them."""
    tracks: Tracks
    merged: np.ndarray
    entries: Entries


@cache
def pool(seed: int, size: int) -> Pool:
    """The pool of a production, made once in each process."""
    once, random = collisions(PILEUP, size, [seed, 3]), np.random.default_rng([seed, 4])
    copies = size * BOOSTS
    record = boosted(joined([once] * BOOSTS, np.arange(copies)), random.uniform(-RAPIDITY, RAPIDITY, copies))
    tracks, deposits = detect(record, random)
    entries = summed(entries_of(deposits))
    edges = np.arange(copies + 1)
    return Pool(tracks, np.searchsorted(tracks.event, edges), entries, np.searchsorted(entries.event, edges))


def pile_up(events: int, source: Pool, random: np.random.Generator) -> PileUp:
    """Draw numbers, collisions, where they are along the beam, angles and mirrors."""
    mean = MEAN / SHAPE * random.standard_gamma(SHAPE, 4 * events + 50)
    mean = mean[mean < MOST][:events]
    number = random.poisson(mean)
    event = np.repeat(np.arange(events), number)
    which = random.integers(0, len(source.track_offsets) - 1, len(event))
    turn, mirror = random.integers(0, COLUMNS, len(event)), random.choice((-1, 1), len(event))
    z, main = random.normal(0, BEAM_LENGTH, len(event)), random.normal(0, BEAM_LENGTH, events)
    near = np.abs(z - main[event]) < MERGED
    count = np.diff(source.track_offsets)[which]
    rows, owner = ranges(source.track_offsets[which], count), np.repeat(np.arange(len(event)), count)
    tracks = _turned(source.tracks, rows, event[owner], turn[owner], mirror[owner])
    count = np.diff(source.entry_offsets)[which]
    places, holder = ranges(source.entry_offsets[which], count), np.repeat(np.arange(len(event)), count)
    entries = _moved(source.entries, places, event[holder], turn[holder], mirror[holder])
    found = np.diff(source.track_offsets)[which] >= _TRACKS
    return PileUp(mean, number, _vertices(event[found], z[found], main), tracks, near[owner], entries)


def _turned(
    tracks: Tracks,
    rows: Int64[np.ndarray, " n"],
    event: Int64[np.ndarray, " n"],
    turn: Int64[np.ndarray, " n"],
    mirror: Int64[np.ndarray, " n"],
) -> Tracks:
    taken = {field.name: getattr(tracks, field.name)[rows] for field in fields(Tracks)}
    taken |= {"event": event, "row": np.full(len(rows), -1)}
    taken |= {"eta": taken["eta"] * mirror, "phi": wrapped(taken["phi"] + turn * WIDTH)}
    return Tracks(**taken)


def _moved(
    entries: Entries,
    rows: Int64[np.ndarray, " n"],
    event: Int64[np.ndarray, " n"],
    turn: Int64[np.ndarray, " n"],
    mirror: Int64[np.ndarray, " n"],
) -> Entries:
    taken = {field.name: getattr(entries, field.name)[rows] for field in fields(Entries)}
    row, column = taken["tower"] // COLUMNS, (taken["tower"] % COLUMNS + turn) % COLUMNS
    row = np.where(mirror > 0, row, ROWS - 1 - row)
    return Entries(**(taken | {"event": event, "tower": row * COLUMNS + column, "deta": taken["deta"] * mirror}))


def _vertices(
    event: Int64[np.ndarray, " n"], z: Float64[np.ndarray, " n"], main: Float64[np.ndarray, " events"]
) -> Int64[np.ndarray, " events"]:
    """How many are left when those that are close are one."""
    event, z = np.concatenate([event, np.arange(len(main))]), np.concatenate([z, main])
    order = np.lexsort((z, event))
    apart = (np.diff(event[order], prepend=-1) != 0) | (np.diff(z[order], prepend=-np.inf) > MERGED)
    return np.bincount(event[order][apart], minlength=len(main))
