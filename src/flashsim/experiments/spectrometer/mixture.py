"""The spectrometer's own recipe: collisions, guns or decays, through the planes and the pattern recognition."""

import importlib.metadata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

from flashsim.errors import FlashSimError, nearest
from flashsim.experiments.production import Columns
from flashsim.experiments.spectrometer import decays as decay_channels
from flashsim.experiments.spectrometer import generators, rounding
from flashsim.experiments.spectrometer.geant4_library import Physics, require_generators
from flashsim.experiments.spectrometer.geometry import geometry_hash
from flashsim.experiments.spectrometer.physics import LIMITS, RANGE_CUT
from flashsim.experiments.spectrometer.reconstruction import reconstruct
from flashsim.experiments.spectrometer.transport import transport_here

GEANT4_VERSION = "11.4.p01"  # what the pinned wheel contains
PHYSICS_LISTS = {"data-free": f"data-free list of flashsim: {LIMITS}", "FTFP_BERT": "FTFP_BERT"}


@dataclass(frozen=True)
class Mixture:
    """Collisions and guns by their shares or, if `decays` names some, the daughters of these and nothing else."""

    physics: Physics = "data-free"
    shares: Mapping[str, float] = field(default_factory=lambda: generators.MIXTURE)
    decays: tuple[str, ...] = ()
    events_per_chunk: ClassVar[int] = 200

    def check(self) -> None:
        """Raise FlashSimError for what cannot be generated, and where Geant4 cannot run."""
        check_processes(self.shares)
        decay_channels.check_channels(self.decays)
        require_generators(self.physics)

    def make(self, first_event: int, events: int, seeds: tuple[int, int, int]) -> tuple[Columns, int]:
        """Generate, transport and reconstruct."""
        generator, transporter, digitiser = seeds
        decays = decay_channels.generate_decays(self.decays, first_event, events, generator) if self.decays else None
        primaries = (
            generators.generate(first_event, events, generator, self.shares) if decays is None else decays.daughters
        )
        hits = transport_here(primaries, transporter, self.physics)
        columns = reconstruct(hits, primaries, digitiser)
        if decays is not None:
            columns = decay_channels.with_mothers(columns, decays)
        return columns, len(primaries)

    def describe(self) -> dict[str, Any]:
        """Generators, Geant4, geometry and rounding."""
        return (_decays(self.decays) if self.decays else _processes(self.shares)) | {
            "experiment": "spectrometer",
            "geant4": GEANT4_VERSION,
            "geant4_pybind": importlib.metadata.version("geant4-pybind"),
            "physics_list": PHYSICS_LISTS[self.physics],
            "range_cut_mm": RANGE_CUT,
            "geometry_sha256": geometry_hash(),
            "pythia": importlib.metadata.version("pythia8mc"),
            "rounding": {
                "px py pz": f"{generators.MOMENTUM_BITS} bits of mantissa, before transport",
                "vx vy vz": f"multiples of {generators.POSITION_STEP} mm, before transport",
                "steps": rounding.STEPS,
                "bits_of_mantissa": rounding.MANTISSA_BITS,
            },
            "limits": LIMITS if self.physics == "data-free" else "the field is By(z) only; vacuum between the planes",
        }


def shares_of(processes: Sequence[str], decays: Sequence[str]) -> Mapping[str, float]:
    """Processes in equal parts, or the usual mixture where none is named; FlashSimError if decays are named too."""
    if processes and decays:
        raise FlashSimError("processes and decays: events are of either, not of both")
    return dict.fromkeys(processes, 1 / len(set(processes))) if processes else generators.MIXTURE


def check_processes(names: Iterable[str]) -> None:
    """Raise FlashSimError for a process that is not known."""
    for name in names:
        if name not in generators.PROCESSES:
            known = ", ".join(generators.PROCESSES)
            raise FlashSimError(f"process {name!r} is unknown{nearest(name, generators.PROCESSES)}: use {known}")


def _processes(shares: Mapping[str, float]) -> dict[str, Any]:
    collisions = {name: generators.PROCESS_SETTINGS[name] for name in shares if name in generators.PROCESS_SETTINGS}
    guns = {name: asdict(generators.GUNS[name]) for name in shares if name in generators.GUNS}
    return {"pythia_settings": _pythia(collisions), "guns": guns, "event_shares": dict(shares)}


def _decays(decays: Sequence[str]) -> dict[str, Any]:
    return {
        "pythia_settings": _pythia({name: decay_channels.CHANNELS[name].settings for name in decays}),
        "decays": list(decays),
        "decays_per_event": decay_channels.DECAYS_PER_EVENT,
        "daughters": {
            "momentum_above_GeV": decay_channels.MINIMUM_MOMENTUM,
            "eta": decay_channels.DAUGHTER_ETA,
            "decay_before_mm": decay_channels.LAST_DECAY,
        },
    }


def _pythia(processes: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    return {name: [*generators.PYTHIA_SETTINGS, *lines] for name, lines in processes.items()}
