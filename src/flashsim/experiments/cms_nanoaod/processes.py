"""What is generated: processes of Pythia 8, and one generator a process that is kept and seeded anew."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from flashsim.errors import FlashSimError, nearest
from flashsim.experiments.cms_nanoaod.record import Record, joined, record_of

COMMON = (
    "Print:quiet = on",
    "Beams:eCM = 13000.",
    "Tune:pp = 14",  # Monash 2013
    "ParticleDecays:limitTau0 = on",  # K_S, Λ and what lives longer is stable, as in the jets of NanoAOD
    "ParticleDecays:tau0Max = 10.",  # mm
)
PROCESSES: Mapping[str, Sequence[str]] = {
    "ttbar": ("Top:gg2ttbar = on", "Top:qqbar2ttbar = on"),
    "dijets": (
        "HardQCD:all = on",
        "PhaseSpace:pTHatMin = 20.",
        "PhaseSpace:bias2Selection = on",  # hard jets are as many as soft ones; `genWeight` undoes it
        "PhaseSpace:bias2SelectionPow = 4.",
        "PhaseSpace:bias2SelectionRef = 20.",
    ),
    "zjets": (
        "WeakBosonAndParton:qqbar2gmZg = on",
        "WeakBosonAndParton:qg2gmZq = on",
        "PhaseSpace:pTHatMin = 20.",
        "PhaseSpace:mHatMin = 50.",
        "23:mMin = 50.",
        "23:onMode = off",
        "23:onIfAny = 11 13",
    ),
}
"""Their settings. The names are those of `--process`."""
MIXTURE = {"ttbar": 0.4, "dijets": 0.4, "zjets": 0.2}
"""Shares of the events unless told otherwise."""
PILEUP = ("SoftQCD:inelastic = on",)
_SEEDS = 900_000_000  # Pythia's seeds are 1 to this


def check_processes(names: Sequence[str]) -> None:
    """Raise FlashSimError for a process that is not known."""
    for name in names:
        if name not in PROCESSES:
            raise FlashSimError(f"process {name!r} is unknown{nearest(name, PROCESSES)}: use {', '.join(PROCESSES)}")


def generate(events: int, seed: int, shares: Mapping[str, float] = MIXTURE) -> Record:
    """So many events, each of a process drawn by its share, in an order of their own."""
    random = np.random.default_rng([seed, 1])
    names = list(shares)
    process = random.choice(len(names), events, p=list(shares.values()))
    parts = [
        collisions(tuple(PROCESSES[name]), int(count), [seed, 2, index])
        for index, name in enumerate(names)
        if (count := np.count_nonzero(process == index))
    ]
    return joined(parts, np.argsort(np.argsort(process, kind="stable"), kind="stable"))


def collisions(settings: tuple[str, ...], events: int, seed: Sequence[int]) -> Record:
    """So many events of one process: the same for the same seed, whatever this process has generated before."""
    pythia = _pythia(settings)
    pythia.rndm.init(int(np.random.SeedSequence(seed).generate_state(1)[0] % _SEEDS) + 1)
    parts: list[Record] = []
    while (missing := events - sum(part.events for part in parts)) > 0:  # rare failures are skipped
        parts.append(record_of(pythia.nextBatch(missing, "skip")))
    return joined(parts, np.arange(events))


@cache
def _pythia(settings: tuple[str, ...]) -> Any:
    import pythia8mc

    pythia = pythia8mc.Pythia("", False)
    for line in (*COMMON, *settings, "Random:setSeed = on", "Random:seed = 1"):
        if not pythia.readString(line):
            raise FlashSimError(f"Pythia does not know or accept the setting {line!r}")
    if not pythia.init():
        raise FlashSimError(f"Pythia cannot start with {', '.join(settings)}")
    return pythia
