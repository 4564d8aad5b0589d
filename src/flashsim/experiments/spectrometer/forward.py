"""Vertex tracks followed through the dipole: every hit in one plane behind a bend is a hypothesis for q/p."""

import numpy as np
from jaxtyping import Bool, Float, Float64, Int64

from flashsim.experiments.spectrometer.competition import compete
from flashsim.experiments.spectrometer.geometry import PLANES
from flashsim.experiments.spectrometer.measured import HitSearch
from flashsim.experiments.spectrometer.propagation import bend_to, propagate
from flashsim.experiments.spectrometer.vertex_tracks import END, PLANE_Z

UPSTREAM = [i for i, plane in enumerate(PLANES) if plane.station == "upstream"]
DOWNSTREAM = [i for i, plane in enumerate(PLANES) if plane.station == "downstream"]
_LEAST_MOMENTUM = 1.3  # GeV: below, the dipole turns particles away
_LEAST_DOWNSTREAM = 8
_LEAST_UPSTREAM = 3


def collect(
    search: HitSearch,
    event: Int64[np.ndarray, "n"],
    state: Float[np.ndarray, "n 5"],
    z: float,
    planes: list[int],
    windows: tuple[tuple[float, float], tuple[float, float]],
    offset_y: Float[np.ndarray, "n"],
) -> tuple[Int64[np.ndarray, "n planes"], Float64[np.ndarray, "n"]]:
    """The nearest hits along predicted paths, and the sum of distances squared in units of the windows.

    A window is a + b/p (mm, p in GeV), for x and for y: resolution, and scattering.
    """
    matrix = np.full((len(state), len(PLANES)), -1, dtype=np.int64)
    distance = np.zeros(len(state))
    inverse = np.abs(state[:, 4])
    (x0, x1), (y0, y1) = windows
    for plane in planes:
        there = propagate(state, z, PLANE_Z[plane])
        found, miss = search.nearest(
            plane, event, there[:, 0], there[:, 1] + offset_y, x0 + x1 * inverse, y0 + y1 * inverse
        )
        matrix[:, plane] = found
        distance += miss
    return matrix, distance


def hypotheses(
    search: HitSearch,
    event: Int64[np.ndarray, "n"],
    state: Float[np.ndarray, "n 5"],
    z: float,
    plane: int,
    half_width: tuple[float, float],
    window_y: tuple[float, float],
    largest: float,
) -> tuple[Int64[np.ndarray, "k"], Float64[np.ndarray, "k 5"], Float64[np.ndarray, "k"]]:
    """(track, state with q/p, miss in y) for each hit of a plane that a track could reach by bending.

    `half_width` bounds the search around the straight line before the bend is solved; `largest` is the
    greatest |q/p|.
    """
    far = PLANE_Z[plane]
    straight = state[:, :2] + (far - z) * state[:, 2:4]
    wide_y = half_width[1] + 0.3 * np.abs(straight[:, 1])
    track, hit = search.pairs(plane, "y", event, straight[:, 1], wide_y)
    near = np.abs(search.hits.x[hit] - straight[track, 0]) < half_width[0]
    track, hit = track[near], hit[near]
    tried = state[track]
    tried[:, 4] = bend_to(tried, z, far, search.hits.x[hit])
    reached = propagate(tried, z, far)
    miss_x, miss_y = search.hits.x[hit] - reached[:, 0], search.hits.y[hit] - reached[:, 1]
    inverse = np.abs(tried[:, 4])
    good = (inverse < largest) & (np.abs(miss_x) < 1.0) & (np.abs(miss_y) < window_y[0] + window_y[1] * inverse)
    return track[good], tried[good], miss_y[good]


def _best(track: np.ndarray, count: np.ndarray, distance: np.ndarray) -> Int64[np.ndarray, "k"]:
    """The row of the best hypothesis of each track: most hits, then nearest."""
    order = np.lexsort((distance, -count, track))
    return order[np.flatnonzero(np.diff(track[order], prepend=-1))]


def stations_complete(matrix: Int64[np.ndarray, "n planes"]) -> Bool[np.ndarray, "n"]:
    """Whether candidates have enough hits behind the dipole: two a station, eight in all."""
    stations = [DOWNSTREAM[start : start + 4] for start in range(0, len(DOWNSTREAM), 4)]
    enough = [(matrix[:, station] >= 0).sum(axis=1) >= 2 for station in stations]
    return np.logical_and.reduce(enough) & ((matrix[:, DOWNSTREAM] >= 0).sum(axis=1) >= _LEAST_DOWNSTREAM)


def find_long_tracks(
    search: HitSearch, vertex: Int64[np.ndarray, "n planes"], state: Float[np.ndarray, "n 5"]
) -> tuple[Int64[np.ndarray, "k"], Int64[np.ndarray, "k planes"], Float64[np.ndarray, "k 5"]]:
    """(vertex track, hits, state at `END` with q/p) of those that are found behind the dipole."""
    event = search.hits.event[vertex.max(axis=1)]
    open_tracks = np.arange(len(vertex))
    found: list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]] = []
    for seed in (DOWNSTREAM[4], DOWNSTREAM[6], DOWNSTREAM[5]):
        track, tried, miss_y = hypotheses(
            search, event[open_tracks], state[open_tracks], END, seed, (3400.0, 60.0), (5.0, 50.0),
            1 / _LEAST_MOMENTUM,
        )  # fmt: skip
        there = propagate(tried, END, PLANE_Z[seed])
        near = DOWNSTREAM[4:8]
        matrix, distance = collect(
            search, event[open_tracks][track], there, PLANE_Z[seed], near, ((0.6, 2.0), (4.0, 4.0)), miss_y
        )
        keep = (matrix[:, near] >= 0).sum(axis=1) >= 2
        track, tried, miss_y, there = track[keep], tried[keep], miss_y[keep], there[keep]
        matrix, distance = matrix[keep], distance[keep]
        outer = DOWNSTREAM[:4] + DOWNSTREAM[8:]
        more, further = collect(
            search, event[open_tracks][track], there, PLANE_Z[seed], outer, ((1.0, 12.0), (5.0, 15.0)), miss_y
        )
        matrix = np.maximum(matrix, more)
        keep = stations_complete(matrix)
        track, tried, matrix = open_tracks[track[keep]], tried[keep], matrix[keep]
        distance = (distance + further)[keep]
        count = (matrix >= 0).sum(axis=1)
        best = _best(track, count, distance)
        found.append((track[best], tried[best], matrix[best], count[best], distance[best]))
        # only tracks without a nearly complete answer try again from another plane
        settled = track[best][count[best] >= 11]
        open_tracks = np.setdiff1d(open_tracks, settled)
    track, tried, matrix, count, distance = (np.concatenate(column) for column in zip(*found, strict=True))
    best = _best(track, count, distance)
    track, tried, matrix, count, distance = (a[best] for a in (track, tried, matrix, count, distance))
    keep = compete(matrix, (-count, distance / np.maximum(count, 1)), len(search.hits))
    track, tried, matrix = track[keep], tried[keep], matrix[keep]
    more, _ = collect(search, event[track], tried, END, UPSTREAM, ((0.8, 8.0), (2.5, 8.0)), np.zeros(len(track)))
    return track, np.maximum(np.maximum(matrix, more), vertex[track]), tried


def find_upstream_tracks(
    search: HitSearch, vertex: Int64[np.ndarray, "n planes"], state: Float[np.ndarray, "n 5"]
) -> tuple[Int64[np.ndarray, "k"], Int64[np.ndarray, "k planes"], Float64[np.ndarray, "k 5"]]:
    """(vertex track, hits, state at `END` with q/p) from the small bend in the dipole's fringe."""
    event = search.hits.event[vertex.max(axis=1)]
    found = []
    for seed in (UPSTREAM[3], UPSTREAM[2]):
        track, tried, miss_y = hypotheses(search, event, state, END, seed, (60.0, 40.0), (2.5, 6.0), 1 / 0.2)
        there = propagate(tried, END, PLANE_Z[seed])
        pair = [UPSTREAM[2], UPSTREAM[3]]
        matrix, distance = collect(search, event[track], there, PLANE_Z[seed], pair, ((0.4, 0.6), (2.5, 1.0)), miss_y)
        more, further = collect(
            search, event[track], there, PLANE_Z[seed], UPSTREAM[:2], ((0.6, 2.5), (2.5, 2.5)), miss_y
        )
        matrix = np.maximum(matrix, more)
        keep = (matrix >= 0).sum(axis=1) >= _LEAST_UPSTREAM
        found.append((track[keep], tried[keep], matrix[keep], (distance + further)[keep]))
    track, tried, matrix, distance = (np.concatenate(column) for column in zip(*found, strict=True))
    count = (matrix >= 0).sum(axis=1)
    best = _best(track, count, distance)
    track, tried, matrix, count, distance = (a[best] for a in (track, tried, matrix, count, distance))
    keep = compete(matrix, (-count, distance), len(search.hits), shared=0.34)
    return track[keep], np.maximum(matrix[keep], vertex[track[keep]]), tried[keep]
