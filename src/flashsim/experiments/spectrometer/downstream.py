"""Tracks without a vertex segment: found behind the dipole, and matched to hits before it.

Decay products of long-lived particles and secondaries make them. The momentum comes from pointing back to
the beam region through the kick of the dipole.
"""

import numpy as np
from jaxtyping import Bool, Float64, Int64

from flashsim.experiments.spectrometer.competition import compete
from flashsim.experiments.spectrometer.forward import (
    DOWNSTREAM,
    UPSTREAM,
    collect,
    hypotheses,
    stations_complete,
)
from flashsim.experiments.spectrometer.geometry import FIELD_CENTRE, FIELD_INTEGRAL
from flashsim.experiments.spectrometer.measured import HitSearch
from flashsim.experiments.spectrometer.propagation import KAPPA, propagate
from flashsim.experiments.spectrometer.vertex_tracks import PLANE_Z

START = 2700.0  # mm: behind the last upstream plane, where the found state is given
_LARGEST = 1 / 1.3  # 1/GeV


def _segments(search: HitSearch, free: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(event, state at the first plane, hits) of straight pieces across the three stations."""
    hits = search.hits
    events, states, matrices, distances = [], [], [], []
    for first, last in ((0, 11), (1, 10), (0, 10), (1, 11)):
        near, far = DOWNSTREAM[first], DOWNSTREAM[last]
        gap = PLANE_Z[far] - PLANE_Z[near]
        rows = np.flatnonzero((hits.plane == near) & free)
        # the vertical motion is straight: it points to the beam region from behind the dipole as well
        scale = PLANE_Z[far] / PLANE_Z[near]
        query, other = search.pairs(far, "y", hits.event[rows], hits.y[rows] * scale, 60.0)
        one = rows[query]
        tx = (hits.x[other] - hits.x[one]) / gap
        middle = hits.x[one] - tx * (PLANE_Z[near] - FIELD_CENTRE)
        good = free[other] & (np.abs(tx) < 1.0) & (np.abs(middle) < 1600.0)
        one, other, tx, middle = one[good], other[good], tx[good], middle[good]
        ty = (hits.y[other] - hits.y[one]) / gap
        slope_in = middle / FIELD_CENTRE
        sine_in = slope_in / np.sqrt(1 + slope_in**2 + ty**2)
        sine_out = tx / np.sqrt(1 + tx**2 + ty**2)
        inverse = (sine_in - sine_out) / (KAPPA * FIELD_INTEGRAL)
        state = np.stack([hits.x[one], hits.y[one], tx, ty, inverse], axis=1)
        # the remaining field bends the piece: turn it so that it meets its last hit
        miss = hits.x[other] - propagate(state, PLANE_Z[near], PLANE_Z[far])[:, 0]
        state[:, 2] += miss / gap
        soft = np.abs(inverse) < _LARGEST
        state, event = state[soft], hits.event[one[soft]]
        matrix, distance = collect(
            search, event, state, PLANE_Z[near], DOWNSTREAM, ((0.6, 2.0), (4.0, 4.0)), np.zeros(len(state))
        )
        used = ((matrix >= 0) & ~free[matrix]).sum(axis=1)
        keep = stations_complete(matrix) & (used <= 2)
        events.append(event[keep])
        states.append(propagate(state[keep], PLANE_Z[near], PLANE_Z[DOWNSTREAM[0]]))
        matrices.append(matrix[keep])
        distances.append(distance[keep])
    event, state, matrix, distance = map(np.concatenate, (events, states, matrices, distances))
    keep = compete(matrix, (-(matrix >= 0).sum(axis=1), distance), len(hits))
    return event[keep], state[keep], matrix[keep]


def find_downstream_tracks(
    search: HitSearch, free: Bool[np.ndarray, "m"]
) -> tuple[Int64[np.ndarray, "k planes"], Float64[np.ndarray, "k 5"]]:
    """(hits, state at `START`) of tracks made of hits that no long track has taken (`free`)."""
    event, segment, matrix = _segments(search, free)
    z = PLANE_Z[DOWNSTREAM[0]]
    tracks, states, distances = [], [], []
    for seed in (UPSTREAM[3], UPSTREAM[2], UPSTREAM[1]):
        track, tried, miss_y = hypotheses(search, event, segment, z, seed, (3200.0, 60.0), (12.0, 40.0), _LARGEST)
        # pointing: the hypothesis must not stray from the momentum that the beam region suggests
        expected = segment[track, 4]
        near = np.abs(tried[:, 4] - expected) < 0.1 * np.abs(expected) + 0.01
        track, tried, miss_y = track[near], tried[near], miss_y[near]
        there = propagate(tried, z, PLANE_Z[seed])
        more, distance = collect(search, event[track], there, PLANE_Z[seed], UPSTREAM, ((1.0, 4.0), (4.0, 6.0)), miss_y)
        used = ((more >= 0) & ~free[more]).sum(axis=1)
        keep = ((more >= 0).sum(axis=1) >= 3) & (used <= 1)
        tracks.append(np.maximum(more, matrix[track])[keep])
        states.append(propagate(there[keep], PLANE_Z[seed], START))
        distances.append(distance[keep])
    found, state, distance = np.concatenate(tracks), np.concatenate(states), np.concatenate(distances)
    quality = (-(found >= 0).sum(axis=1), distance)
    keep = compete(found, quality, len(search.hits), shared=0.2)
    return found[keep], state[keep]
