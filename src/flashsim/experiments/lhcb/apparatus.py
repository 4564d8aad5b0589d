"""Radiators, calorimeter and muon stations as Geant4 volumes, and what is kept of the particles in them.

What costs time is what Geant4 does in Python and how many particles there are in showers. So each Cherenkov photon is
read out and stopped where it is born, and a shower is followed down to a tenth of the particle that made
it: what would follow is put down as energy at its place, and `calorimeter.cells` spreads it.
"""

from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

import numpy as np

from flashsim.experiments.lhcb.geometry import (
    ABSORBERS,
    CALORIMETER,
    MUON_STATIONS,
    RADIATORS,
    STATION_THICKNESS,
    WORLD,
    Radiator,
)
from flashsim.experiments.lhcb.optics import ENERGY, photon_efficiency
from flashsim.experiments.lhcb.records import Deposits, MuonHits, Pairs, Photons
from flashsim.experiments.spectrometer.apparatus import Slab
from flashsim.experiments.spectrometer.records import Primaries

OPTICAL_PHOTON = -22  # Geant4's number for it
SHOWER_SHARE = 0.1  # of the energy of the primary: electrons and photons below are not followed in the calorimeter
SHOWER_ENERGY = 200.0  # MeV: nor below this
PAIR_SHARE = 0.05  # of a photon's energy: secondary electrons above show that it was converted
HADRON_ENERGY = 500.0  # MeV, kinetic: nor hadrons in the calorimeter
PUNCH_THROUGH = 3000.0  # MeV, kinetic: nor hadrons from showers in the absorbers, in which electrons are never
RANGE_CUT = {"showers": 20.0, "gas": 1000.0}  # mm, in calorimeter and absorbers, and in the radiators
_BEHIND = CALORIMETER.start + CALORIMETER.depth
_MUONS = (13, -13)
_ELECTRONS = (11, -11)
_SHOWERING = (11, -11, 22)


class Identification:
    """The apparatus of the experiment (see `flashsim.experiments.spectrometer.apparatus`)."""

    world = WORLD

    def __init__(self) -> None:
        self._alive: list[Any] = []
        self.begin(Primaries(*(np.empty(0, np.int64), np.empty(0, np.int32)), *np.empty((6, 0))), int)

    def begin(self, primaries: Primaries, row_of: Callable[[int], int]) -> None:
        """Forget what was kept."""
        self.row_of = row_of
        momentum = 1e3 * np.linalg.norm([primaries.px, primaries.py, primaries.pz], axis=0)
        self.least = np.maximum(SHOWER_ENERGY, SHOWER_SHARE * momentum).tolist()
        self.least_pair = np.where(primaries.pid == 22, PAIR_SHARE * momentum, np.inf).tolist()
        self.light: list[tuple[float, ...]] = []
        self.energy: list[tuple[float, ...]] = []
        self.muons: list[tuple[float, ...]] = []
        self.pairs: list[tuple[float, ...]] = []

    @property
    def photons(self) -> Photons:
        """Cherenkov photons where they were born."""
        return Photons.from_rows(self.light)

    @property
    def deposits(self) -> Deposits:
        """Energy in the calorimeter."""
        return Deposits.from_rows(self.energy)

    @property
    def muon_hits(self) -> MuonHits:
        """Charged particles in the muon stations."""
        return MuonHits.from_rows(self.muons)

    @property
    def conversions(self) -> Pairs:
        """Electrons and positrons that photons became before the calorimeter."""
        return Pairs.from_rows(self.pairs)

    def construct(
        self,
        geant4: ModuleType,
        box: Callable[[str, tuple[float, float, float], Any], Any],
        place: Callable[[Any, float, Any, int], Any],
        world: Any,
        slabs: Sequence[Slab],
    ) -> None:
        """Place everything; gas in the dipole's fringe is cut where the slabs of its field are."""
        g = geant4
        materials = g.G4NistManager.Instance()
        vacuum = materials.FindOrBuildMaterial("G4_Galactic")

        def with_hole(name: str, half: tuple[float, float, float], hole: float, material: Any) -> Any:
            volume = box(name, half, material)
            place(box("hole", (hole, hole, half[2]), vacuum), 0.0, volume, 0)
            return volume

        thin, thick = (g.G4Region(name) for name in ("gas", "showers"))
        for radiator in RADIATORS:
            gas = _gas(g, radiator, materials, self._alive)
            pieces = [slab for slab in slabs if slab[1] >= radiator.start - 1e-6 and slab[2] <= radiator.end + 1e-6]
            for mother, start, end in pieces or [(world, radiator.start, radiator.end)]:
                half = (radiator.half_x, radiator.half_y, 0.5 * (end - start))
                volume = with_hole("radiator", half, radiator.hole, gas)
                place(volume, 0.0 if pieces else radiator.middle, mother, 0)
                thin.AddRootLogicalVolume(volume)
        shashlik = g.G4Material("lead and scintillator", 4.5 * g.g / g.cm3, 2)
        shashlik.AddMaterial(materials.FindOrBuildMaterial("G4_Pb"), 0.844)
        shashlik.AddMaterial(materials.FindOrBuildMaterial("G4_POLYSTYRENE"), 0.156)
        half = (CALORIMETER.half_x, CALORIMETER.half_y, 0.5 * CALORIMETER.depth)
        block = with_hole("calorimeter", half, CALORIMETER.hole, shashlik)
        place(block, CALORIMETER.start + half[2], world, 0)
        thick.AddRootLogicalVolume(block)
        iron = materials.FindOrBuildMaterial("G4_Fe")
        for absorber, station in zip(ABSORBERS, MUON_STATIONS, strict=True):
            half = (station.half_x, station.half_y, 0.5 * absorber.depth)
            wall = with_hole("absorber", half, station.hole, iron)
            place(wall, absorber.start + half[2], world, 0)
            thick.AddRootLogicalVolume(wall)
        for number, station in enumerate(MUON_STATIONS):
            half = (station.half_x, station.half_y, 0.5 * STATION_THICKNESS)
            place(with_hole("muon station", half, station.hole, vacuum), station.z, world, number)
        self._alive += [shashlik, thin, thick]

    def processes(self, geant4: ModuleType, add: Callable[[str, str], None]) -> None:
        """Cherenkov light; coarser production of secondaries in what is thick."""
        add("G4Cerenkov", "Cerenkov")
        self.random = geant4.G4UniformRand
        for region, cut in RANGE_CUT.items():
            geant4.G4UImanager.GetUIpointer().ApplyCommand(f"/run/setCutForRegion {region} {cut} mm")

    def keeps(self, track: Any, pid: int) -> bool:
        """Read out photons; stop what is too soft to matter, and put down its energy."""
        energy = track.GetKineticEnergy()
        if pid == OPTICAL_PHOTON:
            if self.random() < photon_efficiency(1e6 * energy):
                along = track.GetMomentumDirection()
                row = self.row_of(track.GetParentID())
                self.light.append((row, track.GetPosition().z, along.x, along.y, along.z))
            return False
        where = track.GetPosition()
        if pid in _MUONS:
            return True
        if where.z > _BEHIND:
            return pid not in _SHOWERING and energy > PUNCH_THROUGH
        if where.z < CALORIMETER.start:
            if pid in _ELECTRONS and energy > self.least_pair[row := self.row_of(track.GetParentID())]:
                self.pairs.append((row, where.z))
            return True
        row = self.row_of(track.GetParentID())
        if energy > (self.least[row] if pid in _SHOWERING else HADRON_ENERGY):
            return True
        if pid in _SHOWERING or track.GetDefinition().GetPDGCharge() != 0:
            self.energy.append((row, where.x, where.y, energy))
        return False

    def detectors(self, geant4: ModuleType) -> dict[str, Any]:
        """Energy in the calorimeter, step by step; entries into the muon stations."""
        g, kept = geant4, self
        boundary = g.G4StepStatus.fGeomBoundary

        class Energy(g.G4VSensitiveDetector):
            def ProcessHits(self, step: Any, _: Any) -> bool:
                energy = step.GetTotalEnergyDeposit()
                if energy > 0:
                    where = step.GetPostStepPoint().GetPosition()
                    kept.energy.append((kept.row_of(step.GetTrack().GetTrackID()), where.x, where.y, energy))
                return True

        class Stations(g.G4VSensitiveDetector):
            def ProcessHits(self, step: Any, _: Any) -> bool:
                before, track = step.GetPreStepPoint(), step.GetTrack()
                if before.GetStepStatus() == boundary and track.GetDefinition().GetPDGCharge() != 0:
                    where = before.GetPosition()
                    number = before.GetTouchable().GetCopyNumber()
                    kept.muons.append((kept.row_of(track.GetTrackID()), number, where.x, where.y))
                return True

        return {"calorimeter": Energy("calorimeter"), "muon station": Stations("muon stations")}


def _gas(geant4: ModuleType, radiator: Radiator, materials: Any, alive: list[Any]) -> Any:
    """A gas with its refractive index in the band of energies that is seen."""
    g, gas = geant4, radiator.gas
    material = g.G4Material(gas.name, gas.density * g.g / g.cm3, len(gas.atoms), g.G4State.kStateGas)
    for symbol, number in gas.atoms:
        material.AddElement(materials.FindOrBuildElement(symbol), number)
    energies = np.linspace(*ENERGY, 29)
    table = g.G4MaterialPropertiesTable()
    vectors = (g.G4doubleVector((energies * g.eV).tolist()), g.G4doubleVector(gas.index(energies).tolist()))
    table.AddProperty("RINDEX", *vectors)
    material.SetMaterialPropertiesTable(table)
    alive += [material, table, *vectors]
    return material
