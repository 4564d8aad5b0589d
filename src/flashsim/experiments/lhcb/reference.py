"""The reference sample of the experiment: the spectrometer's mixture with neutral pions, through all detectors."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from flashsim.experiments.lhcb import apparatus, generators
from flashsim.experiments.lhcb.geometry import geometry_hash
from flashsim.experiments.lhcb.identification import BITS, identify
from flashsim.experiments.production import Columns, produce
from flashsim.experiments.spectrometer import decays as decay_channels
from flashsim.experiments.spectrometer.geant4_library import require_generators
from flashsim.experiments.spectrometer.generators import MIXTURE
from flashsim.experiments.spectrometer.mixture import Mixture, check_processes, shares_of
from flashsim.experiments.spectrometer.reconstruction import reconstruct
from flashsim.experiments.spectrometer.transport import transport_here

LIMITS = (
    "Showers are followed down to a tenth of the particle that made them, and the rest is spread by a stated function; "
    "Cherenkov photons are not transported, but their directions are smeared; the calorimeter is one homogeneous "
    "block; mirrors, windows and beam pipe have no material."
)


@dataclass(frozen=True)
class Identified:
    """The recipe: events of the spectrometer with photons and neutral pions, and what all detectors say of them.

    `shares` are those of the processes. If `decays` names some: the daughters of these decays and nothing else.
    """

    shares: Mapping[str, float] = field(default_factory=lambda: MIXTURE)
    decays: tuple[str, ...] = ()
    events_per_chunk: ClassVar[int] = 50

    def check(self) -> None:
        """Raise FlashSimError for processes and decays that are not known, and where Geant4 cannot run."""
        check_processes(self.shares)
        decay_channels.check_channels(self.decays)
        require_generators()

    def make(self, first_event: int, events: int, seeds: tuple[int, int, int]) -> tuple[Columns, int]:
        """Generate, transport, find tracks, and identify."""
        generator, transporter, digitiser = seeds
        decays = decay_channels.generate_decays(self.decays, first_event, events, generator) if self.decays else None
        if decays is None:
            generated = generators.generate_with_neutrals(first_event, events, generator, self.shares)
        else:
            generated = generators.without_neutrals(decays.daughters)
        kept = _apparatus()
        hits = transport_here(generated.particles, transporter, apparatus=kept)
        columns = reconstruct(hits, generated.particles, digitiser)
        columns = identify(columns, generated, kept.photons, kept.deposits, kept.muon_hits, kept.conversions, digitiser)
        if decays is not None:
            columns = decay_channels.with_mothers(columns, decays)
        return columns, len(generated.particles)

    def describe(self) -> dict[str, Any]:
        """As the spectrometer's, with what is added to it."""
        common = Mixture(shares=self.shares, decays=self.decays).describe()
        guns = {} if self.decays else {name: asdict(gun) for name, gun in generators.GUNS.items()}
        return common | {
            "experiment": "lhcb",
            "geometry_sha256": geometry_hash(),
            "range_cut_mm": {"planes": common["range_cut_mm"]} | apparatus.RANGE_CUT,
            "guns_of_neutrals": guns,
            "identification_bits_of_mantissa": BITS,
            "limits": f"{common['limits']} {LIMITS}",
        }


def make_reference(
    events: int,
    output: str | Path,
    *,
    seed: int = 0,
    run: int = 1,
    workers: int | None = None,
    processes: Sequence[str] = (),
    decays: Sequence[str] = (),
    progress: bool = True,
) -> Path:
    """Make a reference sample of so many events; the bytes do not depend on the number of workers.

    With `processes` (names of `spectrometer.generators.PROCESSES`) they are of these in equal parts, in place of the
    usual mixture, with photons and neutral pions in each as ever. With `decays` (names of
    `spectrometer.decays.CHANNELS`) events hold the daughters of these decays and nothing else. Samples that are used
    together need different `run` numbers. Finished chunks wait in ``<output>.part``; the same
    call goes on from there after any interruption.
    """
    recipe = Identified(shares_of(processes, decays), tuple(decays))
    return produce(recipe, events, output, seed=seed, run=run, workers=workers, progress=progress)


@cache
def _apparatus() -> apparatus.Identification:
    """That of this process: Geant4 is started once, with one."""
    return apparatus.Identification()
