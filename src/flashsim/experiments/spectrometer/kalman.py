"""The track fit: a Kalman filter from the last plane to the point closest to the beam, with material.

The filter runs on deviations from a reference path, which makes the long step through the dipole linear;
the path is found again from the first fit, so that the second starts within its errors.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float64, Int64

from flashsim.experiments.spectrometer.digitisation import true_resolution
from flashsim.experiments.spectrometer.geometry import PLANES
from flashsim.experiments.spectrometer.material import lose_energy, slope_noise
from flashsim.experiments.spectrometer.measured import MeasuredHits, inside
from flashsim.experiments.spectrometer.propagation import propagate, propagate_with_jacobian
from flashsim.experiments.spectrometer.vertex_tracks import PLANE_Z

_FREE_OF_FIELD = 900.0  # mm: upstream of here paths are straight
_OUTLIER = 25.0  # χ² of one hit above which the second pass leaves it out
_VARIANCE = true_resolution(np.arange(len(PLANES))) ** 2


@dataclass(frozen=True)
class FittedTracks:
    """States and covariances (x, y, tx, ty, q/p) at z, the point closest to the beam axis."""

    z: Float64[np.ndarray, "n"]
    state: Float64[np.ndarray, "n 5"]
    covariance: Float64[np.ndarray, "n 5 5"]
    chi2: Float64[np.ndarray, "n"]
    used: Bool[np.ndarray, "n planes"]


def _forward(state: np.ndarray, z: float, last: int) -> np.ndarray:
    """Reference states just behind the plane `last`, from states at z, with mean energy loss."""
    for plane in range(int(np.searchsorted(PLANE_Z, z)), last + 1):
        state = propagate(state, z, PLANE_Z[plane])
        z = PLANE_Z[plane]
        on = inside(plane, state[:, 0], state[:, 1])
        state[on, 4] = lose_energy(plane, state[on], 1.0)
    return state


def _start(reference: np.ndarray) -> np.ndarray:
    """A covariance so wide that it carries no weight, and not so wide that digits are lost."""
    wide = np.zeros((len(reference), 5, 5))
    wide[:, 0, 0] = wide[:, 1, 1] = 400.0
    wide[:, 2, 2] = wide[:, 3, 3] = 0.04
    wide[:, 4, 4] = np.maximum(4.0 * reference[:, 4] ** 2, 1e-4)
    return wide


def _update(
    deviation: np.ndarray, covariance: np.ndarray, residual: np.ndarray, variance: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The filter's step for a measured (x, y); `residual` is measured minus reference."""
    total = covariance[:, :2, :2].copy()
    total[:, 0, 0] += variance[0]
    total[:, 1, 1] += variance[1]
    determinant = total[:, 0, 0] * total[:, 1, 1] - total[:, 0, 1] ** 2
    inverse = np.empty_like(total)
    inverse[:, 0, 0], inverse[:, 1, 1] = total[:, 1, 1] / determinant, total[:, 0, 0] / determinant
    inverse[:, 0, 1] = inverse[:, 1, 0] = -total[:, 0, 1] / determinant
    columns = covariance[:, :, :2]
    gain = columns @ inverse
    innovation = residual - deviation[:, :2]
    chi2 = np.einsum("ni,nij,nj->n", innovation, inverse, innovation)
    # Joseph's form, as it stays positive definite whatever the rounding
    shrink = -gain @ covariance[:, :2, :] + covariance
    covariance = shrink - (shrink[:, :, :2] - gain * variance) @ gain.transpose(0, 2, 1)
    return deviation + np.einsum("nij,nj->ni", gain, innovation), covariance, chi2


def _straight(state: np.ndarray, distance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    moved = state.copy()
    moved[:, :2] += distance[:, None] * state[:, 2:4]
    jacobian = np.zeros((len(state), 5, 5))
    jacobian[:, range(5), range(5)] = 1.0
    jacobian[:, 0, 2] = jacobian[:, 1, 3] = distance
    return moved, jacobian


def _transport(covariance: np.ndarray, jacobian: np.ndarray) -> np.ndarray:
    return jacobian @ covariance @ jacobian.transpose(0, 2, 1)


def _to_beam(state: np.ndarray) -> np.ndarray:
    """The distance along z to the point closest to the beam axis."""
    slope2 = np.maximum(state[:, 2] ** 2 + state[:, 3] ** 2, 1e-10)
    return -(state[:, 0] * state[:, 2] + state[:, 1] * state[:, 3]) / slope2


def _filter(
    hits: MeasuredHits, matrix: np.ndarray, reference: np.ndarray, last: int, stop: np.ndarray
) -> tuple[np.ndarray, ...]:
    """From behind the plane `last` to `stop`: (z, state, covariance) at the last plane, χ² of each hit."""
    n = len(matrix)
    deviation, covariance = np.zeros((n, 5)), _start(reference)
    chi2 = np.zeros(matrix.shape)
    end_z, end_state, end_covariance = np.zeros(n), np.zeros((n, 5)), np.zeros((n, 5, 5))
    alive = np.arange(n)
    z = PLANE_Z[last]
    for plane in range(last, -2, -1):
        on = PLANE_Z[plane] >= stop[alive] if plane >= 0 else np.zeros(len(alive), dtype=bool)
        ended = alive[~on]
        end_z[ended], end_state[ended] = z, (reference + deviation)[~on]
        end_covariance[ended] = covariance[~on]
        alive, reference, deviation, covariance = alive[on], reference[on], deviation[on], covariance[on]
        if len(alive) == 0:
            break
        if plane < last:
            to = PLANE_Z[plane]
            if z <= _FREE_OF_FIELD:
                reference, jacobian = _straight(reference, np.full(len(alive), to - z))
            else:
                reference, jacobian = propagate_with_jacobian(reference, z, to)
            deviation = np.einsum("nij,nj->ni", jacobian, deviation)
            covariance = _transport(covariance, jacobian)
            z = to
        hit = matrix[alive, plane]
        has = np.flatnonzero(hit >= 0)
        measured = np.stack([hits.x[hit[has]], hits.y[hit[has]]], axis=1)
        deviation[has], covariance[has], chi2[alive[has], plane] = _update(
            deviation[has], covariance[has], measured - reference[has, :2], _VARIANCE[plane]
        )
        there = reference[:, :2] + deviation[:, :2]
        crossed = np.flatnonzero((hit >= 0) | inside(plane, there[:, 0], there[:, 1]))
        covariance[crossed, 2:4, 2:4] += slope_noise(plane, reference[crossed])
        reference[crossed, 4] = lose_energy(plane, reference[crossed], -1.0)
    return end_z, end_state, end_covariance, chi2


def fit(
    hits: MeasuredHits,
    matrix: Int64[np.ndarray, "n planes"],
    state: Float[np.ndarray, "n 5"],
    z: float,
    last: int,
    *,
    from_vertex: bool,
) -> FittedTracks:
    """Fit candidates whose state at z is roughly known and whose last possible plane is `last`.

    `from_vertex`: the particle is taken to come from the point closest to the beam, so that every plane
    between it and the first hit scatters it; otherwise only planes with hits or behind the first do.
    """
    first = PLANE_Z[np.argmax(matrix >= 0, axis=1)] if len(matrix) else np.zeros(0)
    reference = _forward(state, z, last)
    beam = np.minimum(z + _to_beam(state), first) if from_vertex else first
    end_z, end, covariance, chi2 = _filter(hits, matrix, reference, last, beam)
    kept = np.where(chi2 > _OUTLIER, -1, matrix)
    middle = np.empty_like(end)
    for level in np.unique(end_z):  # at most one a plane
        rows = end_z == level
        middle[rows] = _forward(end[rows], float(level) - 1e-3, last)
    end_z, end, covariance, chi2 = _filter(hits, kept, middle, last, beam)
    if not from_vertex:
        rows = end_z > _FREE_OF_FIELD
        for level in np.unique(end_z[rows]):
            here = end_z == level
            end[here], jacobian = propagate_with_jacobian(end[here], float(level), _FREE_OF_FIELD)
            covariance[here] = _transport(covariance[here], jacobian)
        end_z = np.minimum(end_z, _FREE_OF_FIELD)
    distance = _to_beam(end)
    end, jacobian = _straight(end, distance)
    covariance = _transport(covariance, jacobian)
    covariance = 0.5 * (covariance + covariance.transpose(0, 2, 1))
    return FittedTracks(end_z + distance, end, covariance, chi2.sum(axis=1), kept >= 0)
