"""What follows from the graph of a HepMC record: what comes of the signal, and where the collision was."""

import numpy as np
from jaxtyping import Bool, Float64, Int

SIGNAL = 889
"""LHCb's status of the particle whose decay was asked for (``SignalInLabFrame``)."""


def descendants(
    chosen: Bool[np.ndarray, " particles"],
    incoming: Int[np.ndarray, " links"],
    entered: Int[np.ndarray, " links"],
    production: Int[np.ndarray, " particles"],
) -> Bool[np.ndarray, " particles"]:
    """The chosen particles, and all that comes of them; every particle and every vertex is visited once.

    Link k says that particle ``incoming[k]`` (from 1) goes into the vertex ``entered[k]``; `production` is the vertex
    that each particle comes from, 0 for none.
    """
    found = chosen.copy()
    if not found.any():
        return found
    by_particle = np.argsort(incoming, kind="stable")
    by_vertex = np.argsort(production, kind="stable")
    particles, vertices = incoming[by_particle] - 1, production[by_vertex]
    seen = np.zeros(max(int(entered.max(initial=0)), int(production.max(initial=0))) + 1, dtype=bool)
    seen[0] = True
    pending = np.flatnonzero(chosen)
    while len(pending):
        ends = np.unique(entered[by_particle[_ranges(particles, pending)]])
        ends = ends[~seen[ends]]
        seen[ends] = True
        daughters = by_vertex[_ranges(vertices, ends)]
        pending = daughters[~found[daughters]]
        found[pending] = True
    return found


def collision_position(
    table: Float64[np.ndarray, "_ 4"],
    production: Int[np.ndarray, " particles"],
    end: Int[np.ndarray, " particles"],
    signal: Bool[np.ndarray, " particles"],
) -> Float64[np.ndarray, " 4"]:
    """Where the beams meet; without beams (a particle gun) where the signal, or else the first particle, was made.

    `table` has the position of each vertex, row 0 that of the event; `production` and `end` are the vertices of each
    particle, 0 for none. Beams are at least two particles that come from no vertex and go into one.
    """
    beams = np.flatnonzero((production == 0) & (end > 0))
    if len(beams) > 1:
        return table[end[beams[0]]]
    first = np.flatnonzero(signal) if signal.any() else np.arange(len(production))
    return table[production[first[0]]] if len(first) else table[0]


def _ranges(values: Int[np.ndarray, " sorted"], wanted: Int[np.ndarray, " wanted"]) -> Int[np.ndarray, " places"]:
    """The places at which sorted values are one of the wanted."""
    first, last = np.searchsorted(values, wanted), np.searchsorted(values, wanted, side="right")
    counts = last - first
    starts = np.repeat(first - np.concatenate([[0], np.cumsum(counts)[:-1]]), counts)
    return (np.arange(int(counts.sum())) + starts).astype(np.int64)
