"""Primaries through matter and field: Geant4, which a process can start once, behind a function."""

import ctypes
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import numpy as np

from flashsim.errors import FlashSimError
from flashsim.experiments.production import silence
from flashsim.experiments.spectrometer.apparatus import Apparatus
from flashsim.experiments.spectrometer.detector import detector_construction
from flashsim.experiments.spectrometer.geant4_library import Physics, import_geant4, require_generators
from flashsim.experiments.spectrometer.geometry import PLANES
from flashsim.experiments.spectrometer.physics import physics_list
from flashsim.experiments.spectrometer.records import Hits, Primaries

SECONDARY_ENERGY = 5.0  # MeV: secondary electrons and photons below are not followed
_UNFOLLOWED = frozenset({12, -12, 14, -14, 16, -16, 2112, -2112})  # neutrinos and neutrons
_worker: "_Geant4 | None" = None


def transport(primaries: Primaries, seed: int, *, physics: Physics = "data-free", log: Path | None = None) -> Hits:
    """The true hits of primaries, from a Geant4 that is started for this call and ends with it.

    Events are seeded one by one, so the hits of an event do not depend on the others.
    Geant4's words go to `log`, or nowhere.
    """
    require_generators(physics)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context, initializer=silence, initargs=(log,)) as pool:
        try:
            return pool.submit(transport_here, primaries, seed, physics).result()
        except BrokenProcessPool as error:
            raise FlashSimError(f"Geant4 stopped in the middle; its words are in {log}") from error


def transport_here(
    primaries: Primaries, seed: int, physics: Physics = "data-free", apparatus: Apparatus | None = None
) -> Hits:
    """As `transport`, with the Geant4 of this very process; it is started at the first call.

    What happens in `apparatus` is kept by it.
    """
    global _worker
    if _worker is None:
        _worker = _Geant4(physics, apparatus)
        # Never freed: at the process's end Python and Geant4 would both destroy the same objects.
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(_worker))
    if _worker.physics != physics:
        raise FlashSimError(f"this process runs {_worker.physics}; {physics} needs a process of its own")
    if _worker.apparatus is not apparatus:
        raise FlashSimError("this process runs Geant4 with another apparatus, which needs a process of its own")
    return _worker.run(primaries, seed)


class _Geant4:
    """The run manager and the state that its callbacks share."""

    def __init__(self, physics: Physics, apparatus: Apparatus | None):
        self.physics: Physics = physics
        self.apparatus = apparatus
        self.geant4 = g = import_geant4(physics)
        self.rows: list[tuple[float, ...]] = []
        self.parent: dict[int, int] = {}
        self.primaries: Primaries | None = None
        self.seeds = np.empty((0, 2), np.int64)
        self.starts = np.zeros(1, np.int64)
        self.before = -1  # what to add to the identifier of a primary's track for its row in the primaries
        self.event = 0
        self.alive: list[Any] = [g.G4RunManagerFactory.CreateRunManager(g.G4RunManagerType.Serial)]
        self.manager = self.alive[0]
        actions = _action_initialization(g, self)
        geometry = detector_construction(g, _sensitive(g, self), apparatus)
        for part in (geometry, physics_list(g, physics, apparatus), actions):
            self.alive.append(part)
            self.manager.SetUserInitialization(part)
        for command in ("/process/em/verbose 0", "/process/had/verbose 0", "/run/verbose 0"):
            g.G4UImanager.GetUIpointer().ApplyCommand(command)
        self.manager.Initialize()
        self.gun = g.G4ParticleGun(1)  # vertices made from Python would be freed twice
        self.particles = g.G4ParticleTable.GetParticleTable()

    def run(self, primaries: Primaries, seed: int) -> Hits:
        """Transport whole events."""
        self.primaries, self.event = primaries, 0
        self.rows = []
        if self.apparatus:
            self.apparatus.begin(primaries, lambda track: self.before + self.ancestor(track))
        numbers, self.starts = np.unique(primaries.event, return_index=True)
        self.starts = np.append(self.starts, len(primaries))
        self.seeds = np.array(
            [np.random.SeedSequence([seed, int(number)]).generate_state(2) // 2 for number in numbers],
            np.int64,
        ).reshape(-1, 2)
        if len(numbers):
            self.manager.BeamOn(len(numbers))
        return self._hits(primaries)

    def generate(self, geant4_event: Any) -> None:
        """Fill the next event with its primaries, each with its own vertex."""
        assert self.primaries is not None
        g, rows = self.geant4, self.primaries
        # The event's own seed is set here, before anything random happens to its particles.
        first, second = self.seeds[self.event]
        g.G4UImanager.GetUIpointer().ApplyCommand(f"/random/setSeeds {first} {second}")
        self.parent.clear()
        self.before = int(self.starts[self.event]) - 1
        for row in range(self.starts[self.event], self.starts[self.event + 1]):
            definition = self.particles.FindParticle(int(rows.pid[row]))
            mass = definition.GetPDGMass()
            momentum = np.array([rows.px[row], rows.py[row], rows.pz[row]]) * g.GeV
            squared = float(momentum @ momentum)
            self.gun.SetParticleDefinition(definition)
            self.gun.SetParticleMomentumDirection(g.G4ThreeVector(*momentum.tolist()))
            self.gun.SetParticleEnergy(squared / (np.sqrt(squared + mass**2) + mass))
            position = (float(rows.vx[row]), float(rows.vy[row]), float(rows.vz[row]))
            self.gun.SetParticlePosition(g.G4ThreeVector(*position))
            self.gun.GeneratePrimaryVertex(geant4_event)
        self.event += 1

    def ancestor(self, track: int) -> int:
        """The track identifier of the primary from which a track stems."""
        while parent := self.parent.get(track, 0):
            track = parent
        return track

    def _hits(self, primaries: Primaries) -> Hits:
        """Crossings of at least half a plane's thickness, moved along their chord to the plane's middle."""
        table = np.array(self.rows, np.float64).reshape(-1, 9)
        primary, ancestor, plane = (table[:, column].astype(np.int64) for column in range(3))
        entry, leave = table[:, 3:6], table[:, 6:9]
        middle = np.array([sheet.z for sheet in PLANES])[plane]
        thickness = np.array([sheet.thickness for sheet in PLANES])[plane]
        depth = leave[:, 2] - entry[:, 2]
        crossed = np.abs(depth) > 0.5 * thickness
        share = (middle - entry[:, 2]) / np.where(crossed, depth, 1.0)
        x, y = (entry[:, axis] + share * (leave[:, axis] - entry[:, axis]) for axis in range(2))
        event = primaries.event[ancestor] if len(ancestor) else np.empty(0, np.int64)
        return Hits(event, primary, ancestor, plane.astype(np.int32), x, y, middle).take(crossed)


def _sensitive(geant4: Any, state: _Geant4) -> Any:
    """Joins the steps of a particle in a plane into one crossing: where it came in, where it went out."""
    boundary = geant4.G4StepStatus.fGeomBoundary

    class Sensitive(geant4.G4VSensitiveDetector):
        def __init__(self) -> None:
            super().__init__("planes")
            self.entry: tuple[float, float, float] = (0.0, 0.0, 0.0)
            self.crossing = (0, 0)

        def ProcessHits(self, step: Any, _: Any) -> bool:
            track = step.GetTrack()
            if track.GetDefinition().GetPDGCharge() == 0:
                return False
            before, after = step.GetPreStepPoint(), step.GetPostStepPoint()
            number, plane = track.GetTrackID(), before.GetTouchable().GetCopyNumber()
            if before.GetStepStatus() == boundary or self.crossing != (number, plane):
                position = before.GetPosition()
                self.entry = (position.x, position.y, position.z)
                self.crossing = (number, plane)
            if after.GetStepStatus() == boundary:  # what stops inside is a delta ray, part of another hit
                position = after.GetPosition()
                ancestor = state.ancestor(number)
                primary = state.before + number if ancestor == number else -1
                left = (position.x, position.y, position.z)
                state.rows.append((primary, state.before + ancestor, plane, *self.entry, *left))
            return True

    return Sensitive()


def _action_initialization(geant4: Any, state: _Geant4) -> Any:
    """What Geant4 calls for each event and each new track."""
    urgent, kill = (getattr(geant4.G4ClassificationOfNewTrack, name) for name in ("fUrgent", "fKill"))
    more = state.apparatus

    class Generator(geant4.G4VUserPrimaryGeneratorAction):
        def GeneratePrimaries(self, event: Any) -> None:
            state.generate(event)

    class Stacking(geant4.G4UserStackingAction):
        def ClassifyNewTrack(self, track: Any) -> Any:
            parent = track.GetParentID()
            if parent == 0:
                return urgent
            state.parent[track.GetTrackID()] = parent
            pid = track.GetDefinition().GetPDGEncoding()
            if more and not more.keeps(track, pid):
                return kill
            light = pid in (11, -11, 22) and track.GetKineticEnergy() < SECONDARY_ENERGY
            return kill if light or pid in _UNFOLLOWED else urgent

    class Actions(geant4.G4VUserActionInitialization):
        def Build(self) -> None:
            self.actions = (Generator(), Stacking())
            for action in self.actions:
                self.SetUserAction(action)

    return Actions()
