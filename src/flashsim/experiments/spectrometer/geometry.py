"""The spectrometer in numbers: its planes, its field, and the material in between (mm, tesla)."""

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float

Station = Literal["vertex", "upstream", "downstream"]


@dataclass(frozen=True)
class Plane:
    """One measuring plane, perpendicular to the beam, with a square hole for the beam.

    Lengths in mm. A plane gives space points: `resolution_x` and `resolution_y` are what its strips,
    pixels or stereo layers amount to; `pitch_x` and `pitch_y` are the distance below which two
    particles leave one merged hit.
    """

    station: Station
    z: float
    half_x: float
    half_y: float
    hole: float
    material: str  # a Geant4 NIST material
    thickness: float
    resolution_x: float
    resolution_y: float
    pitch_x: float
    pitch_y: float
    efficiency: float
    noise: float  # mean number of noise hits an event


def _vertex(z: float) -> Plane:
    return Plane("vertex", z, 45.0, 45.0, 5.1, "G4_Si", 0.6, 0.012, 0.012, 0.055, 0.055, 0.99, 2.0)


def _upstream(z: float) -> Plane:
    return Plane("upstream", z, 850.0, 670.0, 35.0, "G4_Si", 0.9, 0.05, 0.4, 0.19, 1.5, 0.98, 5.0)


def _downstream(z: float) -> Plane:
    return Plane("downstream", z, 3000.0, 2500.0, 120.0, "G4_POLYSTYRENE", 4.5, 0.08, 0.9, 0.25, 3.0, 0.985, 10.0)


VERTEX_Z = (*(float(z) for z in range(-100, 300, 25)), 350.0, 425.0, 500.0, 600.0, 700.0)
UPSTREAM_Z = (2320.0, 2370.0, 2580.0, 2630.0)
DOWNSTREAM_Z = tuple(start + step for start in (7830.0, 8510.0, 9190.0) for step in (0.0, 70.0, 140.0, 210.0))

PLANES: tuple[Plane, ...] = (
    *map(_vertex, VERTEX_Z),
    *map(_upstream, UPSTREAM_Z),
    *map(_downstream, DOWNSTREAM_Z),
)

FIELD_CENTRE = 5000.0  # mm
FIELD_WIDTH = 1100.0  # mm, the standard deviation of the bell
FIELD_INTEGRAL = 4000.0  # tesla mm
INTERACTION_SPREAD = (0.04, 0.04, 50.0)  # mm, standard deviations in x, y and z


def field_y(z: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
    """The vertical field of the dipole (tesla) at z (mm): a bell whose integral is 4 T·m."""
    peak = FIELD_INTEGRAL / (FIELD_WIDTH * np.sqrt(2 * np.pi))
    return peak * np.exp(-0.5 * ((z - FIELD_CENTRE) / FIELD_WIDTH) ** 2)


def geometry_hash() -> str:
    """A sha256 over every number above, so that a sample names the geometry that it was made with."""
    numbers = {
        "planes": [asdict(plane) for plane in PLANES],
        "field": [FIELD_CENTRE, FIELD_WIDTH, FIELD_INTEGRAL],
        "interaction": INTERACTION_SPREAD,
    }
    return hashlib.sha256(json.dumps(numbers, sort_keys=True).encode()).hexdigest()
