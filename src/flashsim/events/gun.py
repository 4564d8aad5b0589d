"""ParticleGun: single particles over a chosen phase space, the same for the same event whatever the chunk."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float64
from particle import InvalidParticle, Particle, ParticleNotFound
from scipy.special import ndtri

from flashsim.errors import FlashSimError

from .batch import EventBatch

_DRAWS = 7  # random numbers a particle: species, momentum, pseudorapidity, azimuth, and three of the vertex


@dataclass(frozen=True)
class ParticleGun:
    """`particles_per_event` independent particles: species with equal probability from `species` (Particle
    Data Group ids), momentum in `momentum` (GeV; uniform, or uniform in its logarithm), pseudorapidity
    uniform in `eta`, azimuth uniform, and a Gaussian vertex of width `vertex_spread` (mm) about `vertex`.

    Event ``i`` depends on `seed`, `run` and ``i`` alone.
    """

    species: Sequence[int]
    momentum: tuple[float, float]
    eta: tuple[float, float]
    particles_per_event: int = 1
    momentum_spectrum: Literal["log-uniform", "uniform"] = "log-uniform"
    vertex: tuple[float, float, float] = (0.0, 0.0, 0.0)
    vertex_spread: tuple[float, float, float] = (0.0, 0.0, 0.0)
    seed: int = 0
    run: int = 0

    def __post_init__(self) -> None:
        if len(self.species) == 0:
            raise FlashSimError("particle gun: species is empty; give Particle Data Group ids, as [13, -13]")
        for pid in self.species:
            _mass(int(pid))
        low, high = self.momentum
        if not 0.0 < low <= high < np.inf:
            raise FlashSimError(f"particle gun: momentum = {self.momentum}: needs 0 < low <= high, in GeV")
        if not -20.0 <= self.eta[0] <= self.eta[1] <= 20.0:
            raise FlashSimError(f"particle gun: eta = {self.eta}: needs -20 <= low <= high <= 20")
        if self.particles_per_event < 0:
            raise FlashSimError(f"particle gun: particles_per_event = {self.particles_per_event} is negative")
        if not np.all(np.isfinite([*self.vertex, *self.vertex_spread])) or min(self.vertex_spread) < 0:
            raise FlashSimError(
                f"particle gun: vertex = {self.vertex}, vertex_spread = {self.vertex_spread}: "
                "needs finite numbers in mm, the spread not negative"
            )
        if self.seed < 0 or self.run < 0:
            raise FlashSimError(f"particle gun: seed = {self.seed}, run = {self.run}: neither can be negative")

    def events(self, n_events: int, *, first: int = 0, chunk_events: int = 1000) -> Iterator[EventBatch]:
        """Events `first` to `first` + `n_events`, in batches of `chunk_events` (the last may be smaller)."""
        for start in range(first, first + n_events, chunk_events):
            yield self.batch(start, min(start + chunk_events, first + n_events))

    def batch(self, start: int, stop: int) -> EventBatch:
        """Events `start` to `stop` (not included)."""
        numbers = np.arange(start, stop, dtype=np.int64)
        draws = self._uniform(start, stop)
        chosen = (draws[:, 0] * len(self.species)).astype(np.int64)
        masses = np.array([_mass(int(pid)) for pid in self.species])[chosen]
        momentum = self._momentum(draws[:, 1])
        eta = self.eta[0] + (self.eta[1] - self.eta[0]) * draws[:, 2]
        phi = np.pi * (2.0 * draws[:, 3] - 1.0)
        transverse = momentum / np.cosh(eta)
        position = np.asarray(self.vertex) + np.asarray(self.vertex_spread) * ndtri(draws[:, 4:])
        return EventBatch(
            run=np.full(len(numbers), self.run, dtype=np.int64),
            event=numbers,
            offsets=np.arange(len(numbers) + 1, dtype=np.int64) * self.particles_per_event,
            columns={
                "pid": np.asarray(self.species, dtype=np.int32)[chosen],
                "status": np.ones(len(chosen), dtype=np.int32),
                "stable": np.ones(len(chosen), dtype=bool),
                "mother": np.full(len(chosen), -1, dtype=np.int32),
                "px": transverse * np.cos(phi),
                "py": transverse * np.sin(phi),
                "pz": momentum * np.tanh(eta),
                "energy": np.hypot(momentum, masses),
                "mass": masses,
                "vx": position[:, 0],
                "vy": position[:, 1],
                "vz": position[:, 2],
                "vt": np.zeros(len(chosen)),
            },
        )

    def _uniform(self, start: int, stop: int) -> Float64[np.ndarray, "particles draws"]:
        """Random numbers in (0, 1) from a counter: every event has a fixed place in the sequence."""
        needed = self.particles_per_event * _DRAWS
        blocks = -(-needed // 4)  # Philox gives four numbers a count
        random = np.random.Generator(np.random.Philox(key=[self.seed, self.run], counter=start * blocks))
        numbers = random.random((stop - start, 4 * blocks))[:, :needed]
        return numbers.reshape((stop - start) * self.particles_per_event, _DRAWS) + 2.0**-54  # never 0

    def _momentum(self, uniform: Float64[np.ndarray, " particles"]) -> Float64[np.ndarray, " particles"]:
        low, high = self.momentum
        if self.momentum_spectrum == "uniform":
            return low + (high - low) * uniform
        return low * np.exp(np.log(high / low) * uniform)


def _mass(pid: int) -> float:
    """Mass in GeV by the Particle Data Group id; particles without a measured mass (neutrinos) have 0."""
    try:
        mass = Particle.from_pdgid(pid).mass
    except (ParticleNotFound, InvalidParticle) as error:
        raise FlashSimError(f"particle gun: species {pid} is not a Particle Data Group id") from error
    return 0.0 if mass is None else float(mass) / 1000.0
