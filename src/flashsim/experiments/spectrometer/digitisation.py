"""From true crossings to measured hits: losses, merging of close hits, resolution and noise.

Every random number is a function of seed, event and place in the event, so that the way in which events
are cut into chunks changes nothing.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.special import ndtri
from scipy.stats import poisson

from flashsim.experiments.spectrometer.counter_random import uniform
from flashsim.experiments.spectrometer.geometry import PLANES
from flashsim.experiments.spectrometer.measured import HitSearch, MeasuredHits, inside
from flashsim.experiments.spectrometer.records import Hits

_EFFICIENCY, _SMEAR_X, _SMEAR_Y, _COUNT, _KIND, _NOISE_X, _NOISE_Y = range(7)
_MAXIMUM_NOISE = 1000  # index stride per plane of the noise hits of an event

_RESOLUTION = np.array([[p.resolution_x, p.resolution_y] for p in PLANES])
_PITCH = np.array([[p.pitch_x, p.pitch_y] for p in PLANES])
# P(at most k noise hits) for k = 0, 1, …: 60 terms leave nothing behind for the means in use
_NOISE_CUMULATIVE = poisson.cdf(np.arange(60), np.array([[p.noise] for p in PLANES]))
_HALF = np.array([[p.half_x, p.half_y] for p in PLANES])


@dataclass(frozen=True)
class Sources:
    """Which true hits stand behind each measured hit: links, for the judgement only, never for the search."""

    measured: Int64[np.ndarray, "k"]
    true: Int64[np.ndarray, "k"]


def rank_in_event(event: Int64[np.ndarray, "m"]) -> Int64[np.ndarray, "m"]:
    """Position of each row among the rows of its event, in the order given."""
    order = np.argsort(event, kind="stable")
    ordered = event[order]
    rank = np.empty(len(event), dtype=np.int64)
    rank[order] = np.arange(len(event)) - np.searchsorted(ordered, ordered)
    return rank


def _merge(hits: MeasuredHits) -> Int64[np.ndarray, "m"]:
    """Cluster number of each hit: hits nearer than the pitch in both x and y melt together, in chains too."""
    search = HitSearch(hits)
    first, second = [], []
    for plane, where in enumerate(PLANES):
        rows = np.flatnonzero(hits.plane == plane)
        query, hit = search.pairs(plane, "x", hits.event[rows], hits.x[rows], where.pitch_x)
        close = np.abs(hits.y[hit] - hits.y[rows[query]]) <= where.pitch_y
        first.append(rows[query[close]])
        second.append(hit[close])
    one, other = np.concatenate(first), np.concatenate(second)
    graph = coo_matrix((np.ones(len(one), dtype=bool), (one, other)), shape=(len(hits), len(hits)))
    return connected_components(graph, directed=False)[1].astype(np.int64)


def _noise(events: Int64[np.ndarray, "e"], seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Noise hits (event index, plane, x, y): half spread evenly, half as 1/r² around the beam."""
    plane = np.tile(np.arange(len(PLANES)), len(events))
    index = np.repeat(np.arange(len(events)), len(PLANES))
    drawn = uniform(seed, _COUNT, events[index], plane)
    count = (drawn[:, None] > _NOISE_CUMULATIVE[plane]).sum(axis=1)
    number = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
    plane, index = np.repeat(plane, count), np.repeat(index, count)
    key = plane * _MAXIMUM_NOISE + number
    kind, u, v = (uniform(seed, stream, events[index], key) for stream in (_KIND, _NOISE_X, _NOISE_Y))
    hole = np.array([p.hole for p in PLANES])[plane]
    radius = hole * (_HALF[plane].max(axis=1) / hole) ** u
    angle = 2 * np.pi * v
    flat = kind < 0.5
    x = np.where(flat, (2 * u - 1) * _HALF[plane, 0], radius * np.cos(angle))
    y = np.where(flat, (2 * v - 1) * _HALF[plane, 1], radius * np.sin(angle))
    return index, plane, x, y


def digitise(hits: Hits, events: Int64[np.ndarray, "e"], seed: int) -> tuple[MeasuredHits, Sources]:
    """Measured hits of the events listed (sorted numbers), with links back to the true hits."""
    rank = rank_in_event(hits.event)
    efficiency = np.array([p.efficiency for p in PLANES])[hits.plane]
    kept = np.flatnonzero(uniform(seed, _EFFICIENCY, hits.event, rank) < efficiency)
    index = np.searchsorted(events, hits.event[kept]).astype(np.int64)
    plane = hits.plane[kept].astype(np.int64)
    cluster = _merge(MeasuredHits(index, plane, hits.x[kept], hits.y[kept]))
    n_clusters = int(cluster.max(initial=-1)) + 1
    _, first = np.unique(cluster, return_index=True)
    size = np.bincount(cluster, minlength=n_clusters)
    measured = []
    for axis, (values, stream) in enumerate(((hits.x, _SMEAR_X), (hits.y, _SMEAR_Y))):
        middle = np.bincount(cluster, weights=values[kept], minlength=n_clusters) / np.maximum(size, 1)
        noise = ndtri(uniform(seed, stream, hits.event[kept[first]], rank[kept[first]]))
        measured.append(middle + _RESOLUTION[plane[first], axis] * noise)
    noise_index, noise_plane, noise_x, noise_y = _noise(events, seed)
    event = np.concatenate([index[first], noise_index])
    plane = np.concatenate([plane[first], noise_plane])
    x = np.concatenate([measured[0], noise_x])
    y = np.concatenate([measured[1], noise_y])
    real = np.arange(len(event)) < n_clusters
    sensitive = real | np.logical_or.reduce([(plane == p) & inside(p, x, y) for p in range(len(PLANES))])
    order = np.lexsort((x, plane, event))
    order = order[sensitive[order]]
    position = np.full(len(event), -1, dtype=np.int64)
    position[order] = np.arange(len(order))
    return MeasuredHits(event[order], plane[order], x[order], y[order]), Sources(position[cluster], kept)


def true_resolution(plane: Int64[np.ndarray, "m"]) -> Float64[np.ndarray, "m 2"]:
    """The standard deviations in x and y (mm) that the fit assigns to hits of these planes."""
    return _RESOLUTION[plane]
