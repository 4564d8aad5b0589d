"""Which particle a track belongs to, and which particles a perfect pattern recognition would find."""

import numpy as np
from jaxtyping import Bool, Float, Int64

from flashsim.experiments.spectrometer.digitisation import Sources
from flashsim.experiments.spectrometer.geometry import PLANES
from flashsim.experiments.spectrometer.measured import expand
from flashsim.experiments.spectrometer.records import Hits, Primaries

_SHARE = 0.7  # of a track's hits, in the vertex detector and behind it, that its particle must have made
_IN_VERTEX = np.array([plane.station == "vertex" for plane in PLANES])


def match(
    matrix: Int64[np.ndarray, "n planes"], sources: Sources, hits: Hits, n_measured: int
) -> Int64[np.ndarray, "n"]:
    """The row of the primary that made at least 70 % of a track's hits, in each part of it, or -1."""
    order = np.argsort(sources.measured, kind="stable")
    first = np.searchsorted(sources.measured[order], np.arange(n_measured + 1))
    track, plane = np.nonzero(matrix >= 0)
    hit = matrix[track, plane]
    row, position = expand(first[hit], first[hit + 1])
    primary = hits.primary[sources.true[order[position]]]
    real = primary >= 0
    # a merged hit counts once for each of its particles
    triples = np.unique(np.stack([track[row], primary, plane[row]], axis=1)[real], axis=0)
    pairs, start = np.unique(triples[:, :2], axis=0, return_index=True)
    part = _IN_VERTEX[triples[:, 2]]
    vertex = np.add.reduceat(part.astype(np.int64), start) if len(start) else np.zeros(0, dtype=np.int64)
    all_hits = np.diff(np.append(start, len(triples)))
    in_vertex = (matrix[:, _IN_VERTEX] >= 0).sum(axis=1)
    behind = (matrix[:, ~_IN_VERTEX] >= 0).sum(axis=1)
    enough = (vertex >= _SHARE * in_vertex[pairs[:, 0]]) & (all_hits - vertex >= _SHARE * behind[pairs[:, 0]])
    result = np.full(len(matrix), -1, dtype=np.int64)
    best = np.flatnonzero(enough)
    best = best[np.argsort(all_hits[best], kind="stable")]  # the one with most hits is written last
    result[pairs[best, 0]] = pairs[best, 1]
    return result


def without_clones(
    primary: Int64[np.ndarray, "n"], quality: tuple[Float[np.ndarray, "n"] | Int64[np.ndarray, "n"], ...]
) -> Bool[np.ndarray, "n"]:
    """True for the best track of each primary, and for every track without one; smaller quality is better."""
    order = np.lexsort((*quality[::-1], primary))
    first = np.diff(primary[order], prepend=-2) != 0
    keep = np.zeros(len(primary), dtype=bool)
    keep[order[first]] = True
    return keep | (primary < 0)


def reconstructible(hits: Hits, primaries: Primaries) -> Bool[np.ndarray, "p"]:
    """Whether a primary crosses enough planes for a long, an upstream or a downstream track."""
    own = hits.primary >= 0
    pairs = np.unique(np.stack([hits.primary[own], hits.plane[own].astype(np.int64)], axis=1), axis=0)
    station = np.array([plane.station for plane in PLANES])[pairs[:, 1]]
    z = np.array([plane.z for plane in PLANES])[pairs[:, 1]]

    def count(mask: np.ndarray) -> np.ndarray:
        return np.bincount(pairs[mask, 0], minlength=len(primaries))

    vertex, upstream = count(station == "vertex") >= 3, count(station == "upstream") >= 3
    behind = station == "downstream"
    downstream = count(behind) >= 8
    for low, high in ((7000.0, 8200.0), (8200.0, 8900.0), (8900.0, 1e5)):
        downstream &= count(behind & (z > low) & (z < high)) >= 2
    return (vertex & downstream) | (vertex & upstream) | (upstream & downstream)
