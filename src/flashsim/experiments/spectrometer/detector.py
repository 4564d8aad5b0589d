"""The spectrometer as a Geant4 geometry: planes with a hole for the beam, and the dipole."""

from types import ModuleType
from typing import Any

import numpy as np
from jaxtyping import Float64

from flashsim.experiments.spectrometer.apparatus import Apparatus
from flashsim.experiments.spectrometer.geometry import FIELD_CENTRE, FIELD_WIDTH, PLANES, field_y

WORLD_HALF_WIDTH = 3500.0  # mm
WORLD_HALF_LENGTH = 9700.0  # mm
SLAB_LENGTH = 50.0  # mm
SHORTEST_STEP = 0.01  # mm, in the field
SENSITIVE = "plane"


def slab_edges() -> Float64[np.ndarray, "edges"]:
    """Where the dipole's slabs of uniform field begin and end: every 50 mm, out of the way of the planes.

    The bell is cut at 3.8 standard deviations, where 0.01 % of its integral is left.
    """
    reach = min(3.8 * FIELD_WIDTH, WORLD_HALF_LENGTH - FIELD_CENTRE)
    edges = np.arange(FIELD_CENTRE - reach, FIELD_CENTRE + reach, SLAB_LENGTH)
    inside = [np.abs(edges - plane.z) < plane.thickness for plane in PLANES]
    return edges[~np.any(inside, axis=0)]


def slab_field(edges: Float64[np.ndarray, "edges"]) -> Float64[np.ndarray, "slabs"]:
    """The mean vertical field (tesla) in each slab, so that each gives the kick of the smooth bell."""
    fractions = (np.arange(20) + 0.5) / 20
    points = edges[:-1, None] + np.diff(edges)[:, None] * fractions
    return field_y(points).mean(axis=1)


def detector_construction(geant4: ModuleType, sensitive: Any, more: Apparatus | None = None) -> Any:
    """Geant4's detector construction; `sensitive` is called for each step in a measuring plane.

    `more` places what an experiment adds to the planes.

    The field is slabs of uniform field with the profile of the bell, crossed along exact helices. Measured on
    the same particles, a core transports 710 charged particles a second so, 530 to 620 with Geant4's default
    stepper, and 240 with the smooth bell in a Python field class, which is called several times a step.
    """
    g = geant4
    alive: list[Any] = []  # Geant4 does not own what Python made

    def box(name: str, half: tuple[float, float, float], material: Any) -> Any:
        solid = g.G4Box(name, *half)
        logical = g.G4LogicalVolume(solid, material, name)
        alive.extend([solid, logical])
        return logical

    def place(logical: Any, z: float, mother: Any, copy: int) -> Any:
        where = g.G4ThreeVector(0.0, 0.0, z)
        alive.append(g.G4PVPlacement(None, where, logical, "placed", mother, False, copy, False))
        return alive[-1]

    class Construction(g.G4VUserDetectorConstruction):
        def __init__(self) -> None:
            super().__init__()
            self.slabs: list[tuple[Any, float]] = []

        def Construct(self) -> Any:
            materials = g.G4NistManager.Instance()
            vacuum = materials.FindOrBuildMaterial("G4_Galactic")
            width, length = more.world if more else (WORLD_HALF_WIDTH, WORLD_HALF_LENGTH)
            world = box("world", (width, width, length), vacuum)
            placed = place(world, 0.0, None, 0)
            edges = slab_edges()
            centres = 0.5 * (edges[1:] + edges[:-1])
            for number, (centre, length) in enumerate(zip(centres, np.diff(edges), strict=True)):
                slab = box(f"slab{number}", (WORLD_HALF_WIDTH, WORLD_HALF_WIDTH, length / 2), vacuum)
                place(slab, float(centre), world, number)
                self.slabs.append((slab, float(slab_field(edges)[number])))
            for number, plane in enumerate(PLANES):
                half = (plane.half_x, plane.half_y, plane.thickness / 2)
                logical = box(SENSITIVE, half, materials.FindOrBuildMaterial(plane.material))
                hole = box("hole", (plane.hole, plane.hole, plane.thickness / 2), vacuum)
                place(hole, 0.0, logical, number)
                slab_number = int(np.searchsorted(edges, plane.z)) - 1
                if 0 <= slab_number < len(centres):
                    place(logical, plane.z - float(centres[slab_number]), self.slabs[slab_number][0], number)
                else:
                    place(logical, plane.z, world, number)
            if more:
                slabs = [(slab, *ends) for (slab, _), *ends in zip(self.slabs, edges[:-1], edges[1:], strict=True)]
                more.construct(g, box, place, world, slabs)
            return placed

        def ConstructSDandField(self) -> None:
            for logical, strength in self.slabs:
                field = g.G4UniformMagField(g.G4ThreeVector(0.0, strength * g.tesla, 0.0))
                manager = g.G4FieldManager()
                manager.SetDetectorField(field)
                equation = g.G4Mag_UsualEqRhs(field)
                stepper = g.G4ExactHelixStepper(equation)
                finder = g.G4ChordFinder(field, SHORTEST_STEP, stepper)
                manager.SetChordFinder(finder)
                logical.SetFieldManager(manager, True)
                alive.extend([field, manager, equation, stepper, finder])
            g.G4SDManager.GetSDMpointer().AddNewDetector(sensitive)
            self.SetSensitiveDetector(SENSITIVE, sensitive, True)
            if more:
                for name, detector in more.detectors(g).items():
                    alive.append(detector)
                    g.G4SDManager.GetSDMpointer().AddNewDetector(detector)
                    self.SetSensitiveDetector(name, detector, True)

    return Construction()
