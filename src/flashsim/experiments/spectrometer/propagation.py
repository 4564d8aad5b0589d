"""A charged particle's path through the dipole, with its derivatives.

The field points along y and depends on z only. Then p_y is conserved and p_x changes by the field
integral, exactly; positions are integrals over z of slopes that are known, done by Gauss-Legendre
quadrature. So there is no step size and no accumulated error, and derivatives are integrals as well.
State: x, y (mm), tx = dx/dz, ty = dy/dz, q/p (1/GeV).
"""

from functools import cache

import numpy as np
from jaxtyping import Float, Float64
from scipy.special import ndtr

from flashsim.experiments.spectrometer.geometry import FIELD_CENTRE, FIELD_INTEGRAL, FIELD_WIDTH

KAPPA = 0.299792458e-3  # GeV / (tesla mm): momentum gained by a unit charge
_LEAST_COSINE = 0.05  # paths that turn back are held at this dz/ds: they never match a hit


def field_integral(z: Float[np.ndarray, "*shape"]) -> Float64[np.ndarray, "*shape"]:
    """∫ By dz from far upstream to z (tesla mm)."""
    return FIELD_INTEGRAL * ndtr((z - FIELD_CENTRE) / FIELD_WIDTH)


def _integral(z: float) -> float:
    return float(field_integral(np.array([z]))[0])


@cache
def _nodes(count: int) -> tuple[np.ndarray, np.ndarray]:
    node, weight = np.polynomial.legendre.leggauss(count)
    return 0.5 * (node + 1), 0.5 * weight


def _count(length: float) -> int:
    """Quadrature nodes that keep the error far below a micrometre for a step this long (mm)."""
    return int(np.clip(3 + length / 250.0, 3, 24))


def _path(state: Float[np.ndarray, "n 5"], z_from: float, z_to: float) -> tuple[np.ndarray, ...]:
    node, weight = _nodes(_count(abs(z_to - z_from)))
    # one row a node, so that the sums over nodes run along contiguous arrays of tracks
    kick = KAPPA * (field_integral(z_from + node * (z_to - z_from)) - _integral(z_from))
    w0 = 1.0 / np.sqrt(1.0 + state[:, 2] ** 2 + state[:, 3] ** 2)
    u0, v = state[:, 2] * w0, state[:, 3] * w0
    u = u0 - kick[:, None] * state[:, 4]
    inverse = 1.0 / np.sqrt(np.maximum(1.0 - u**2 - v**2, _LEAST_COSINE**2))
    return u0, v, w0, u, inverse, kick, weight * (z_to - z_from)


def _arrive(
    state: np.ndarray, u0: np.ndarray, v: np.ndarray, x: np.ndarray, y: np.ndarray, z_from: float, z_to: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    kick = KAPPA * (_integral(z_to) - _integral(z_from))
    u = u0 - kick * state[:, 4]
    w = np.sqrt(np.maximum(1.0 - u**2 - v**2, _LEAST_COSINE**2))
    return np.stack([x, y, u / w, v / w, state[:, 4]], axis=1), u, w


def propagate(state: Float[np.ndarray, "n 5"], z_from: float, z_to: float) -> Float64[np.ndarray, "n 5"]:
    """The states of particles at z_to, without material."""
    u0, v, _, u, inverse, _, weight = _path(state, z_from, z_to)
    x = state[:, 0] + weight @ (u * inverse)
    y = state[:, 1] + v * (weight @ inverse)
    return _arrive(state, u0, v, x, y, z_from, z_to)[0]


def propagate_with_jacobian(
    state: Float[np.ndarray, "n 5"], z_from: float, z_to: float
) -> tuple[Float64[np.ndarray, "n 5"], Float64[np.ndarray, "n 5 5"]]:
    """The states at z_to and their derivatives by the states at z_from."""
    u0, v, w0, u, inverse, kick, weight = _path(state, z_from, z_to)
    cube = inverse**3
    length = weight @ inverse
    x = state[:, 0] + weight @ (u * inverse)
    arrived, u1, w1 = _arrive(state, u0, v, x, state[:, 1] + v * length, z_from, z_to)
    j1, j2 = weight @ cube, weight @ (u * cube)
    j3, j4 = (weight * kick) @ cube, (weight * kick) @ (u * cube)
    x_u, x_v, x_q = (1 - v**2) * j1, v * j2, -(1 - v**2) * j3
    y_u, y_v, y_q = v * j2, length + v**2 * j1, -v * j4
    # direction cosines by slopes at the start, slopes by direction cosines at the end
    u_tx, u_ty, v_ty = w0 * (1 - u0**2), -w0 * u0 * v, w0 * (1 - v**2)
    tx_u, tx_v, ty_v = (1 - v**2) / w1**3, u1 * v / w1**3, (1 - u1**2) / w1**3
    u_q = -KAPPA * (_integral(z_to) - _integral(z_from))
    jacobian = np.zeros((len(state), 5, 5))
    jacobian[:, range(5), range(5)] = 1.0
    for row, (by_u, by_v, by_q) in enumerate(
        ((x_u, x_v, x_q), (y_u, y_v, y_q), (tx_u, tx_v, tx_u * u_q), (tx_v, ty_v, tx_v * u_q))
    ):
        jacobian[:, row, 2] = by_u * u_tx + by_v * u_ty
        jacobian[:, row, 3] = by_u * u_ty + by_v * v_ty
        jacobian[:, row, 4] = by_q
    return arrived, jacobian


def bend_to(
    state: Float[np.ndarray, "n 5"], z_from: float, z_to: float, x: Float[np.ndarray, "n"]
) -> Float64[np.ndarray, "n"]:
    """q/p with which particles of this position and direction reach x at z_to, by Newton's method.

    It starts from one kick at the field's effective middle, which is within a few per cent.
    """
    node, weight = _nodes(_count(abs(z_to - z_from)))
    rise = field_integral(z_from + node * (z_to - z_from)) - _integral(z_from)
    total = _integral(z_to) - _integral(z_from)
    lever = float(weight @ rise) * (z_to - z_from) / total  # mm behind the effective middle
    tx, ty = state[:, 2], state[:, 3]
    exit_slope = tx + (x - state[:, 0] - tx * (z_to - z_from)) / lever
    sine_in = tx / np.sqrt(1 + tx**2 + ty**2)
    sine_out = exit_slope / np.sqrt(1 + exit_slope**2 + ty**2)
    solution = state.copy()
    solution[:, 4] = (sine_in - sine_out) / (KAPPA * total)
    for _ in range(3):
        _, v, _, u, inverse, kick, node_weight = _path(solution, z_from, z_to)
        miss = x - solution[:, 0] - node_weight @ (u * inverse)
        slope = -(1 - v**2) * ((node_weight * kick) @ inverse**3)
        solution[:, 4] += miss / slope
    return solution[:, 4]
