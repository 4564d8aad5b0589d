"""Cherenkov light: how it is emitted in a gas, and how much of it a photon detector sees.

Frank and Tamm's formula, as in the Review of Particle Physics (Passage of particles through matter, eq. 34.45):
d²N/dE dx = 370 / (eV cm) · sin²θ for a unit charge, with cos θ = 1/(n β).
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64

PHOTONS = 37.0  # per eV and mm, times sin²θ: α / ħc
ENERGY = (1.9, 4.7)  # eV, the band in which photons are made and seen
PEAK_EFFICIENCY = 0.17  # quantum efficiency, mirrors, windows and gaps together
PEAK_ENERGY, EFFICIENCY_WIDTH = 3.3, 0.75  # eV: a bialkali photocathode
_WAVELENGTH = 1239.84  # eV nm


@dataclass(frozen=True)
class Gas:
    """A radiator gas: n − 1 = strength / (1/λ₀² − 1/λ²), wavelengths in nm, and what Geant4 needs to build it."""

    name: str
    strength: float
    resonance: float  # nm
    atoms: tuple[tuple[str, int], ...]
    density: float  # g/cm³

    def index(self, energy: Float[np.ndarray, "*shape"]) -> Float64[np.ndarray, "*shape"]:
        """Refractive index at a photon energy (eV)."""
        return 1 + self.strength / (1 / self.resonance**2 - (energy / _WAVELENGTH) ** 2)


# Both at room temperature and atmospheric pressure; Ypsilantis and Séguinot, Nucl. Instrum. Meth. A343 (1994) 30.
C4F10 = Gas("C4F10", 0.25324e-6, 73.63, (("C", 4), ("F", 10)), 9.9e-3)
CF4 = Gas("CF4", 0.12489e-6, 61.88, (("C", 1), ("F", 4)), 3.7e-3)


def photon_efficiency(energy: float) -> float:
    """The probability that a photon of this energy (eV) is detected."""
    return PEAK_EFFICIENCY * math.exp(-0.5 * ((energy - PEAK_ENERGY) / EFFICIENCY_WIDTH) ** 2)


def _grid() -> tuple[Float64[np.ndarray, "points"], Float64[np.ndarray, "points"]]:
    energy = np.linspace(*ENERGY, 561)
    return energy, np.array([photon_efficiency(value) for value in energy.tolist()])


def mean_index(gas: Gas) -> tuple[float, float]:
    """Mean and standard deviation of the index over the photons that are detected."""
    energy, seen = _grid()
    index = gas.index(energy)
    mean = np.average(index, weights=seen)
    return float(mean), float(np.sqrt(np.average((index - mean) ** 2, weights=seen)))


def cherenkov_angle(beta: Float[np.ndarray, "*shape"], index: float) -> Float64[np.ndarray, "*shape"]:
    """θ (rad), 0 below threshold."""
    return np.arccos(np.minimum(1 / (index * beta), 1.0))


def detected_photons(
    beta: Float[np.ndarray, "*#shape"], length: Float[np.ndarray, "*#shape"], gas: Gas
) -> Float64[np.ndarray, "..."]:
    """The mean number of detected photons on a path (mm) through a gas, at its mean index."""
    energy, seen = _grid()
    sine = np.sin(cherenkov_angle(beta, mean_index(gas)[0]))
    return PHOTONS * float(np.trapezoid(seen, energy)) * length * sine**2
