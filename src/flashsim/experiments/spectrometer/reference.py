"""The spectrometer's reference sample: generated, transported by Geant4, reconstructed, in one file."""

from collections.abc import Sequence
from pathlib import Path

from flashsim.experiments.production import produce
from flashsim.experiments.spectrometer.geant4_library import Physics
from flashsim.experiments.spectrometer.mixture import Mixture, shares_of


def make_reference(
    events: int,
    output: str | Path,
    *,
    seed: int = 0,
    workers: int | None = None,
    physics: Physics = "data-free",
    processes: Sequence[str] = (),
    decays: Sequence[str] = (),
    run: int = 1,
    progress: bool = True,
) -> Path:
    """Make a reference sample of so many events; the bytes do not depend on the number of workers.

    With `processes` (names of `generators.PROCESSES`) they are of these in equal parts, in place of the usual mixture.
    With `decays` (names of `decays.CHANNELS`) events hold the daughters of these decays and nothing else. Samples that
    are used together need different `run` numbers. Finished chunks wait in ``<output>.part``; the same call goes on
    from there after any interruption.
    """
    recipe = Mixture(physics, shares_of(processes, decays), tuple(decays))
    return produce(recipe, events, output, seed=seed, run=run, workers=workers, progress=progress)
