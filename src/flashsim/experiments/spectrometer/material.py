"""What the planes do to a particle: multiple scattering and mean energy loss."""

import numpy as np
from jaxtyping import Float, Float64

from flashsim.experiments.spectrometer.geometry import PLANES

RADIATION_LENGTH = {"G4_Si": 93.70, "G4_POLYSTYRENE": 413.1}  # mm, Particle Data Group
ENERGY_LOSS = {"G4_Si": 0.37e-3, "G4_POLYSTYRENE": 0.21e-3}  # GeV/mm, mean of a relativistic particle
# Highland's logarithm belongs to the whole depth that a particle crosses, not to one plane. These are the
# radiation lengths to the end of each station; with one plane's depth pulls are 7 % too wide.
_WHOLE_DEPTH = {"vertex": 0.04, "upstream": 0.08, "downstream": 0.13}
_PION_MASS = 0.13957  # GeV: the hypothesis of the fit, as experiments do


def _path_factor(tx: np.ndarray, ty: np.ndarray) -> np.ndarray:
    return np.sqrt(1 + tx**2 + ty**2)


def scattering_variance(plane: int, state: Float[np.ndarray, "n 5"]) -> Float64[np.ndarray, "n"]:
    """The variance of the projected scattering angle (rad²) in a plane, by Highland's formula."""
    where = PLANES[plane]
    depth = where.thickness / RADIATION_LENGTH[where.material] * _path_factor(state[:, 2], state[:, 3])
    inverse_momentum = np.abs(state[:, 4])
    inverse_beta = np.sqrt(1 + (_PION_MASS * inverse_momentum) ** 2)
    highland = 13.6e-3 * (1 + 0.038 * np.log(_WHOLE_DEPTH[where.station]))  # GeV
    return (highland * inverse_beta * inverse_momentum) ** 2 * depth


def slope_noise(plane: int, state: Float[np.ndarray, "n 5"]) -> Float64[np.ndarray, "n 2 2"]:
    """The covariance that scattering in a plane adds to the slopes (tx, ty)."""
    tx, ty = state[:, 2], state[:, 3]
    scale = scattering_variance(plane, state) * (1 + tx**2 + ty**2)
    noise = np.empty((len(state), 2, 2))
    noise[:, 0, 0] = scale * (1 + tx**2)
    noise[:, 1, 1] = scale * (1 + ty**2)
    noise[:, 0, 1] = noise[:, 1, 0] = scale * tx * ty
    return noise


def lose_energy(plane: int, state: Float[np.ndarray, "n 5"], direction: float) -> Float64[np.ndarray, "n"]:
    """q/p behind a plane (direction +1, downstream) or before it (direction -1)."""
    where = PLANES[plane]
    loss = ENERGY_LOSS[where.material] * where.thickness * _path_factor(state[:, 2], state[:, 3])
    # a relativistic particle loses as much momentum as energy; never more than a part of what it has
    momentum = 1.0 / np.maximum(np.abs(state[:, 4]), 1e-6)
    return np.sign(state[:, 4]) / np.maximum(momentum - direction * loss, 0.5 * momentum)
