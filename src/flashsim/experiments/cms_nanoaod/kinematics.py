"""Transverse momentum, pseudorapidity and azimuth, and back."""

import numpy as np
from jaxtyping import Float64

MAGNETIC_FIELD = 3.8  # tesla
NO_ETA = 20.0
"""Pseudorapidity of what flies along the beam."""


def pt_eta_phi(
    momentum: Float64[np.ndarray, "n k"],
) -> tuple[Float64[np.ndarray, " n"], Float64[np.ndarray, " n"], Float64[np.ndarray, " n"]]:
    """Of momenta whose first three columns are px, py, pz (GeV)."""
    pt = np.hypot(momentum[:, 0], momentum[:, 1])
    along = momentum[:, 2]
    eta = np.where(pt > 0, np.arcsinh(along / np.maximum(pt, 1e-12)), np.sign(along) * NO_ETA)
    return pt, np.clip(eta, -NO_ETA, NO_ETA), np.arctan2(momentum[:, 1], momentum[:, 0])


def mass_of(momentum: Float64[np.ndarray, "n 4"]) -> Float64[np.ndarray, " n"]:
    """Invariant mass (GeV), 0 where rounding makes it imaginary."""
    square = momentum[:, 3] ** 2 - (momentum[:, :3] ** 2).sum(axis=1)
    return np.sqrt(np.maximum(square, 0.0))


def four_momenta(
    pt: Float64[np.ndarray, " n"],
    eta: Float64[np.ndarray, " n"],
    phi: Float64[np.ndarray, " n"],
    mass: Float64[np.ndarray, " n"] | float = 0.0,
) -> Float64[np.ndarray, "n 4"]:
    """px, py, pz, E (GeV)."""
    along = pt * np.sinh(eta)
    energy = np.sqrt(pt**2 + along**2 + np.square(mass))
    return np.stack([pt * np.cos(phi), pt * np.sin(phi), along, energy], axis=1)
