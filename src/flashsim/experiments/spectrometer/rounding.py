"""Rounds the sample's columns to the bits that carry physics, so that they compress."""

import numpy as np
from jaxtyping import Bool, Float, Float64

STEPS = {"rec_tx": 2.0**-21, "rec_ty": 2.0**-21, "rec_x": 2.0**-11, "rec_y": 2.0**-11, "rec_z": 2.0**-7}
MOMENTUM_BITS = 14  # of the generated momenta
POSITION_STEP = 2.0**-10  # mm, of the generated vertices: about 1 µm, exact in single precision
MANTISSA_BITS = {"rec_qop": 15, "chi2": 12, "covariance": 12}

STATE = ("x", "y", "tx", "ty", "qop")
COVARIANCE = tuple(f"cov_{a}_{b}" for i, a in enumerate(STATE) for b in STATE[: i + 1])
_LOWER = np.tril_indices(5)
_MORE_BITS = (12, 15, 18, 21, 24)
_LEAST_EIGENVALUE = 1e-6  # of the correlation matrix: below, single precision cannot factorise it safely


def round_mantissa(values: Float[np.ndarray, "*shape"], bits: int) -> Float64[np.ndarray, "*shape"]:
    """Values with a mantissa of so many bits."""
    mantissa, exponent = np.frexp(np.asarray(values, dtype=np.float64))
    return np.ldexp(np.round(np.ldexp(mantissa, bits)), exponent - bits)


def round_step(values: Float[np.ndarray, "*shape"], step: float) -> Float64[np.ndarray, "*shape"]:
    """Values as multiples of a step."""
    return np.round(np.asarray(values, dtype=np.float64) / step) * step


def unpack(packed: Float[np.ndarray, "n 15"]) -> Float64[np.ndarray, "n 5 5"]:
    """Symmetric matrices from their lower triangles, row by row."""
    full = np.zeros((len(packed), 5, 5))
    full[:, _LOWER[0], _LOWER[1]] = packed
    full[:, _LOWER[1], _LOWER[0]] = packed
    return full


def pack(full: Float[np.ndarray, "n 5 5"]) -> Float64[np.ndarray, "n 15"]:
    """The lower triangles, row by row."""
    return full[:, _LOWER[0], _LOWER[1]]


def positive_definite(packed: Float[np.ndarray, "n 15"]) -> Bool[np.ndarray, "n"]:
    """Whether each matrix is safely positive definite, judged by its correlation matrix."""
    full = unpack(packed)
    diagonal = np.diagonal(full, axis1=1, axis2=2)
    good = np.all(diagonal > 0, axis=1) & np.all(np.isfinite(packed), axis=1)
    scale = 1.0 / np.sqrt(np.where(good[:, None], diagonal, 1.0))
    correlation = np.where(good[:, None, None], full * scale[:, :, None] * scale[:, None, :], np.eye(5))
    return good & (np.linalg.eigvalsh(correlation)[:, 0] > _LEAST_EIGENVALUE)


def round_covariance(packed: Float[np.ndarray, "n 15"]) -> Float64[np.ndarray, "n 15"]:
    """Lower triangles rounded to as few bits, from 12 on, as leave each matrix positive definite.

    Where even single precision does not, correlations are reduced until it does.
    """
    rounded = round_mantissa(packed, _MORE_BITS[0])
    bad = np.flatnonzero(~positive_definite(rounded))
    for bits in _MORE_BITS[1:]:
        rounded[bad] = round_mantissa(packed[bad], bits)
        bad = bad[~positive_definite(rounded[bad])]
    off_diagonal = _LOWER[0] != _LOWER[1]
    shrink = 1e-6
    while len(bad) and shrink < 1.0:
        rounded[bad] = round_mantissa(packed[bad] * np.where(off_diagonal, 1.0 - shrink, 1.0), 24)
        bad = bad[~positive_definite(rounded[bad])]
        shrink *= 2.0
    return rounded


def round_columns(columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The reference sample's columns, rounded; truth and integers pass unchanged."""
    result = dict(columns)
    for name, step in STEPS.items():
        result[name] = round_step(columns[name], step).astype(np.float32)
    for name in ("rec_qop", "chi2"):
        result[name] = round_mantissa(columns[name], MANTISSA_BITS[name]).astype(np.float32)
    rows = np.flatnonzero(columns["track_type"] > 0)
    packed = np.stack([columns[name][rows].astype(np.float64) for name in COVARIANCE], axis=1)
    rounded = round_covariance(packed)
    for index, name in enumerate(COVARIANCE):
        column = np.zeros(len(columns[name]), dtype=np.float32)
        column[rows] = rounded[:, index]
        result[name] = column
    return result
