"""What stands around the spectrometer's planes, in numbers: radiators, calorimeter, muon stations (mm)."""

import hashlib
import json
from dataclasses import asdict, dataclass

from flashsim.experiments.lhcb.optics import C4F10, CF4, Gas
from flashsim.experiments.spectrometer.geometry import geometry_hash as planes_hash

WORLD = (6500.0, 19500.0)  # half width and half length


@dataclass(frozen=True)
class Radiator:
    """A box of gas with a square hole for the beam, and how well the light's direction is measured behind it."""

    gas: Gas
    start: float
    end: float
    half_x: float
    half_y: float
    hole: float
    resolution: float  # rad, of one photon's direction in each projection: pixels, and where it was emitted
    noise: float  # mean number of photons an event that no particle made
    stray: float  # photons that are scattered or reflected and come from anywhere, for each that is not

    @property
    def middle(self) -> float:
        """Where along z directions are compared."""
        return 0.5 * (self.start + self.end)


# The first lies in the dipole's fringe: its ends are those of slabs of the field.
RADIATORS = (
    Radiator(C4F10, 970.0, 1870.0, 620.0, 520.0, 25.0, 1.5e-3, 40.0, 0.25),
    Radiator(CF4, 9500.0, 11200.0, 3300.0, 2600.0, 130.0, 0.65e-3, 30.0, 0.15),
)


@dataclass(frozen=True)
class Calorimeter:
    """A homogeneous block with the mean density of lead and scintillator, read out in square cells."""

    start: float
    depth: float
    half_x: float
    half_y: float
    hole: float
    cell: float
    sampling: float  # √GeV: the part of the resolution that a real sandwich of plates would have
    noise: float  # GeV, of a cell
    threshold: float  # GeV, below which a cell is not read


CALORIMETER = Calorimeter(12500.0, 420.0, 3840.0, 3120.0, 300.0, 60.0, 0.09, 0.010, 0.040)


@dataclass(frozen=True)
class Absorber:
    """A block of iron before the muon station of the same place in the list."""

    start: float
    depth: float


ABSORBERS = (Absorber(13300.0, 1100.0), Absorber(15400.0, 800.0), Absorber(16600.0, 800.0), Absorber(17800.0, 800.0))


@dataclass(frozen=True)
class MuonStation:
    """A plane of pads behind an absorber; the sizes of everything grow with the distance."""

    z: float
    half_x: float
    half_y: float
    hole: float
    pad: float  # side of a pad
    efficiency: float
    noise: float  # mean number of pads an event that no particle hit


def _station(z: float) -> MuonStation:
    return MuonStation(z, 0.31 * z, 0.255 * z, 0.022 * z, 40.0 * z / 15270.0, 0.99, 6.0)


MUON_STATIONS = tuple(_station(z) for z in (15270.0, 16470.0, 17670.0, 18870.0))
STATION_THICKNESS = 10.0


def geometry_hash() -> str:
    """A sha256 over every number above and the spectrometer's."""
    numbers = {
        "spectrometer": planes_hash(),
        "radiators": [asdict(radiator) for radiator in RADIATORS],
        "calorimeter": asdict(CALORIMETER),
        "absorbers": [asdict(absorber) for absorber in ABSORBERS],
        "muons": [asdict(station) for station in MUON_STATIONS],
    }
    return hashlib.sha256(json.dumps(numbers, sort_keys=True).encode()).hexdigest()
