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
    records: int = 1,
) -> Bool[np.ndarray, " particles"]:
    """The chosen particles, and all that comes of them; every particle and every vertex is visited once.

    Link k says that the particle ``incoming[k]`` goes into the vertex ``entered[k]``; `production` is the vertex that
    each particle comes from. The first vertices, one a record, are no vertices but what beams come from.
    """
    found = chosen.copy()
    if not found.any():
        return found
    by_particle = np.argsort(incoming, kind="stable")
    by_vertex = np.argsort(production, kind="stable")
    particles, vertices = incoming[by_particle], production[by_vertex]
    seen = np.zeros(1 + max(int(entered.max(initial=0)), int(production.max(initial=0)), records), dtype=bool)
    seen[:records] = True
    pending = np.flatnonzero(chosen)
    while len(pending):
        ends = np.unique(entered[by_particle[_ranges(particles, pending)]])
        ends = ends[~seen[ends]]
        seen[ends] = True
        daughters = by_vertex[_ranges(vertices, ends)]
        pending = daughters[~found[daughters]]
        found[pending] = True
    return found


def collision_positions(
    record: Int[np.ndarray, " particles"],
    production: Int[np.ndarray, " particles"],
    end: Int[np.ndarray, " particles"],
    signal: Bool[np.ndarray, " particles"],
    position: Float64[np.ndarray, "vertices 4"],
    records: int,
) -> Float64[np.ndarray, "records 4"]:
    """Where the beams of each record meet; without beams (a particle gun) where the signal, or else the first particle,
    was made.

    The first rows of `position` are the events', one a record; `production` and `end` are the vertices of each
    particle, one of these for none. Beams are at least two particles that come from no vertex and go into one.
    """
    beam = (production < records) & (end >= records)
    beams = np.bincount(record[beam], minlength=records)
    vertex = np.arange(records)
    for chosen, vertices in ((np.ones(len(record), bool), production), (signal, production), (beam, end)):
        chosen = chosen & (beams[record] > 1) if vertices is end else chosen
        rows = np.flatnonzero(chosen)
        these, first = np.unique(record[rows], return_index=True)
        vertex[these] = vertices[rows[first]]
    return position[vertex]


def with_positions(
    position: Float64[np.ndarray, "vertices 4"],
    incoming: Int[np.ndarray, " links"],
    entered: Int[np.ndarray, " links"],
    production: Int[np.ndarray, " particles"],
    records: int,
) -> Float64[np.ndarray, "vertices 4"]:
    """Positions where a vertex written without one stands where its first incoming particle was made (as in HepMC3).

    The first rows are the events', one a record.
    """
    unset: np.ndarray = np.logical_not(np.any(position, axis=1))
    unset[:records] = False
    if not unset.any():
        return position
    parent = np.zeros(len(position), dtype=np.int64)
    parent[entered[::-1]] = production[incoming[::-1]]  # the first incoming particle is written last
    for _ in range(len(position)):  # at most as many steps as the longest chain of vertices without position
        follow = unset & unset[parent]
        if not follow.any():
            break
        parent[follow] = parent[parent[follow]]
    filled = position.copy()
    filled[unset] = position[parent[unset]]
    return filled


def _ranges(values: Int[np.ndarray, " sorted"], wanted: Int[np.ndarray, " wanted"]) -> Int[np.ndarray, " places"]:
    """The places at which sorted values are one of the wanted."""
    first, last = np.searchsorted(values, wanted), np.searchsorted(values, wanted, side="right")
    counts = last - first
    starts = np.repeat(first - np.concatenate([[0], np.cumsum(counts)[:-1]]), counts)
    return (np.arange(int(counts.sum())) + starts).astype(np.int64)
