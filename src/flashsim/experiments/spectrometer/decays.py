"""Decays whose daughters are transported alone: samples in which an invariant mass can be measured."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64, Int64, Shaped

from flashsim.errors import FlashSimError, nearest
from flashsim.experiments.spectrometer.generators import next_collision, rounded_primaries, start_pythia
from flashsim.experiments.spectrometer.geometry import INTERACTION_SPREAD
from flashsim.experiments.spectrometer.records import Primaries

DECAYS_PER_EVENT = 9  # of as many collisions: the tracks of an event are then as many as in the guns of the training
MINIMUM_MOMENTUM = 2.0  # GeV, of each daughter
DAUGHTER_ETA = (2.0, 4.8)  # within the planes of all trackers
LAST_DECAY = 2300.0  # mm along the beam: before the upstream tracker


@dataclass(frozen=True)
class Channel:
    """A decay by Particle Data Group ids, and the processes of Pythia that make the mother.

    `decays` gives the products of the mother, which comes first, and those of resonances among them, which decay where
    they are born. Antiparticles decay to the antiparticles of the products.
    """

    decays: dict[int, tuple[int, ...]]
    processes: tuple[str, ...]

    @property
    def mother(self) -> int:
        """What decays first."""
        return next(iter(self.decays))

    @property
    def daughters(self) -> tuple[int, ...]:
        """What is left after all decays."""
        return self._left(self.mother)

    @property
    def settings(self) -> tuple[str, ...]:
        """Pythia's settings: the processes, with these decays as the only ones of their particles."""
        only = [
            line
            for particle, products in self.decays.items()
            for line in (f"{particle}:onMode = off", f"{particle}:onIfMatch = {' '.join(map(str, products))}")
        ]
        return (*self.processes, *only)

    def _left(self, particle: int) -> tuple[int, ...]:
        products = self.decays.get(particle, ())
        return sum((self._left(product) for product in products), ()) if products else (particle,)


_HARD = ("PhaseSpace:pTHatMin = 1.", "PartonLevel:MPI = off")  # what else is in the collision is not transported
_STATES = ("[3S1(1)]", "[3S1(8)]", "[1S0(8)]", "[3PJ(8)]")  # on for J/psi, off for psi(2S)
_CHARMONIUM = tuple(f"Charmonium:gg2ccbar(3S1){state}g = on,off" for state in _STATES)
CHANNELS = {
    "d0": Channel({421: (-321, 211)}, ("HardQCD:hardccbar = on", *_HARD)),
    "jpsi": Channel({443: (13, -13)}, (*_CHARMONIUM, *_HARD)),
    "jpsiee": Channel({443: (11, -11)}, (*_CHARMONIUM, *_HARD)),
    "ks": Channel({310: (211, -211)}, ("SoftQCD:nonDiffractive = on",)),
    "bjpsik": Channel({521: (443, 321), 443: (13, -13)}, ("HardQCD:hardbbbar = on", *_HARD)),
}


@dataclass(frozen=True)
class Decays:
    """Mothers, their daughters, and for each daughter the row of its mother; events are in order in both."""

    mothers: Primaries
    daughters: Primaries
    mother: Int64[np.ndarray, "daughters"]


def check_channels(names: Sequence[str]) -> None:
    """Raise FlashSimError for a decay that is not known, or that comes twice."""
    for name in names:
        if name not in CHANNELS:
            raise FlashSimError(f"decay {name!r} is unknown{nearest(name, CHANNELS)}: use {', '.join(CHANNELS)}")
    if len(set(names)) < len(names):
        raise FlashSimError(f"decays {', '.join(names)}: each can come once")


def generate_decays(names: Sequence[str], first_event: int, events: int, seed: int) -> Decays:
    """Consecutive events of `DECAYS_PER_EVENT` decays of one channel, which the number of the event chooses.

    Decays have interaction points of their own, as if each came from another collision; only the daughters are
    transported. All have at least `MINIMUM_MOMENTUM` and lie in `DAUGHTER_ETA`.
    """
    random = np.random.default_rng([seed, 3])
    streams: dict[str, Iterator[Float64[np.ndarray, "_ 7"]]] = {}
    parts: list[tuple[int, np.ndarray]] = []
    for event in range(first_event, first_event + events):
        name = names[event % len(names)]
        if name not in streams:
            streams[name] = _decays(
                CHANNELS[name], start_pythia(CHANNELS[name].settings, [seed, 4, event % len(names)])
            )
        for _ in range(DECAYS_PER_EVENT):
            decay = next(streams[name]).copy()
            decay[:, 4:] += random.normal(0.0, INTERACTION_SPREAD)
            parts.append((event, decay))
    family = rounded_primaries(parts)
    sizes = np.array([len(decay) for _, decay in parts])
    first = np.cumsum(sizes) - sizes
    is_mother = np.isin(np.arange(len(family)), first)
    return Decays(family.take(is_mother), family.take(~is_mother), np.repeat(np.arange(len(parts)), sizes - 1))


def with_mothers(
    columns: dict[str, Shaped[np.ndarray, "rows"]], decays: Decays
) -> dict[str, Shaped[np.ndarray, "all"]]:
    """The rows of a sample with the mothers before the other particles of their event.

    Adds ``stable`` (0 for mothers) and ``mother``, the place of the mother in the event, or -1. What is
    reconstructed is 0 for a mother, as for every particle without a track. Mothers have their own origin;
    that of the daughters is the point of the decay.
    """
    mothers, rows = decays.mothers, len(columns["event"])
    daughters = np.flatnonzero(~columns["ghost"])  # reconstruction leaves primaries in their order
    first_of_event = np.searchsorted(mothers.event, mothers.event)
    place = np.arange(len(mothers)) - first_of_event
    link = np.full(rows, -1, np.int32)
    link[daughters] = place[decays.mother]
    columns = columns | {"stable": np.ones(rows, np.uint8), "mother": link}
    added = {name: np.zeros(len(mothers), values.dtype) for name, values in columns.items()}
    for name in ("event", "pid", "px", "py", "pz", "vx", "vy", "vz"):
        added[name] = getattr(mothers, name).astype(columns[name].dtype)
    added["mother"] -= 1
    order = np.argsort(np.concatenate([mothers.event, columns["event"]]), kind="stable")
    return {name: np.concatenate([added[name], values])[order] for name, values in columns.items()}


def _decays(channel: Channel, pythia: Any) -> Iterator[Float64[np.ndarray, "_ 7"]]:
    """(pid, momentum, origin) of mother and daughters, with the interaction at the origin, one decay after another."""
    while True:
        record = next_collision(pythia)
        for particle in record:
            daughters = _left(channel, particle, record) if particle.idAbs() == channel.mother else []
            if not daughters:
                continue
            family = [particle, *daughters]
            table = np.array([(p.id(), p.px(), p.py(), p.pz(), p.xProd(), p.yProd(), p.zProd()) for p in family])
            if particle.pz() < 0:  # both beams are protons: half a turn about x gives an equally likely collision
                table[:, [2, 3, 5, 6]] *= -1
            if _accepted(table[1:]):
                yield table


def _left(channel: Channel, particle: Any, record: Any) -> list[Any]:
    """What is left of a particle in Pythia's record; nothing, if it is the same again after recoil or mixing."""
    products = [record[place] for place in range(particle.daughter1(), particle.daughter2() + 1)]
    if particle.isFinal() or sorted(p.idAbs() for p in products) != sorted(map(abs, channel.decays[particle.idAbs()])):
        return []
    return [end for p in products for end in (_left(channel, p, record) if p.idAbs() in channel.decays else [p])]


def _accepted(daughters: Float64[np.ndarray, "_ 7"]) -> bool:
    momentum = np.linalg.norm(daughters[:, 1:4], axis=1)
    eta = np.arcsinh(daughters[:, 3] / np.hypot(daughters[:, 1], daughters[:, 2]))
    seen = (momentum > MINIMUM_MOMENTUM) & (eta > DAUGHTER_ETA[0]) & (eta < DAUGHTER_ETA[1])
    return bool(seen.all() and (daughters[:, 6] < LAST_DECAY).all())
