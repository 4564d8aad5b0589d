"""What is generated: the spectrometer's collisions and guns, and guns of photons and neutral pions."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64

from flashsim.experiments.spectrometer.generators import MIXTURE, generate, momentum_vectors, rounded_primaries
from flashsim.experiments.spectrometer.geometry import INTERACTION_SPREAD
from flashsim.experiments.spectrometer.records import Primaries

GUN_ENERGY = (1.0, 60.0)  # GeV, log-uniform
FAST_ENERGY = (30.0, 120.0)  # GeV: pions whose photons fall into one cluster
GUN_ETA = (1.9, 4.6)
PION_MASS = 0.1349768  # GeV


@dataclass(frozen=True)
class NeutralGun:
    """Photons or neutral pions, log-uniform in energy (GeV); `mean` is their mean number an event."""

    pid: int
    mass: float
    mean: float
    energy: tuple[float, float]


GUNS = {
    "photons": NeutralGun(22, 0.0, 4.0, GUN_ENERGY),
    "pions": NeutralGun(111, PION_MASS, 3.0, GUN_ENERGY),
    "fast pions": NeutralGun(111, PION_MASS, 2.0, FAST_ENERGY),
}


@dataclass(frozen=True)
class Generated:
    """Particles to transport, and neutral pions, which decay before; `mother` is a row of the pions or -1."""

    particles: Primaries
    pions: Primaries
    mother: Int64[np.ndarray, "particles"]


def without_neutrals(particles: Primaries) -> Generated:
    """Charged particles alone."""
    return Generated(particles, rounded_primaries([(0, np.empty((0, 7)))]), np.full(len(particles), -1))


def generate_with_neutrals(
    first_event: int, events: int, seed: int, shares: Mapping[str, float] = MIXTURE
) -> Generated:
    """Consecutive events: those of the spectrometer, with photons and neutral pions in each."""
    random = np.random.default_rng([seed, 5])
    charged = generate(first_event, events, seed, shares)
    photons, pions, mothers = [], [], []
    count = 0
    for event in range(first_event, first_event + events):
        vertex = random.normal(0.0, INTERACTION_SPREAD)
        single, *pion = [_fire(random, gun, vertex) for gun in GUNS.values()]
        pion = np.concatenate(pion)
        pions.append((event, pion))
        photons.append((event, np.concatenate([single, two_photons(random, pion)])))
        mothers.append(np.concatenate([np.full(len(single), -1), count + np.arange(2 * len(pion)) // 2]))
        count += len(pion)
    neutral = rounded_primaries(photons)
    # whole events: first what the spectrometer generates, then the guns
    order = np.argsort(np.concatenate([charged.event, neutral.event]), kind="stable")
    both = [np.concatenate([getattr(part, name) for part in (charged, neutral)]) for name in Primaries.__annotations__]
    mother = np.concatenate([np.full(len(charged), -1), *mothers])[order]
    return Generated(Primaries(*both).take(order), rounded_primaries(pions), mother)


def two_photons(random: np.random.Generator, pions: Float64[np.ndarray, "n 7"]) -> Float64[np.ndarray, "m 7"]:
    """The photons of neutral pions (pid, momentum, origin), two for each, isotropic in its rest frame."""
    cosine, phi = random.uniform(-1, 1, len(pions)), random.uniform(-np.pi, np.pi, len(pions))
    sine = np.sqrt(1 - cosine**2)
    direction = np.stack([sine * np.cos(phi), sine * np.sin(phi), cosine], axis=1)
    momentum = pions[:, 1:4]
    energy = np.sqrt((momentum**2).sum(axis=1) + PION_MASS**2)
    boost = momentum / PION_MASS  # γβ
    along = (boost * direction).sum(axis=1)
    half = 0.5 * PION_MASS
    forth = half * (direction + boost * (along / (energy / PION_MASS + 1) + 1)[:, None])
    photons = np.stack([forth, momentum - forth], axis=1).reshape(-1, 3)
    return np.column_stack([np.full(len(photons), 22.0), photons, np.repeat(pions[:, 4:], 2, axis=0)])


def _fire(random: np.random.Generator, gun: NeutralGun, vertex: Float64[np.ndarray, "3"]) -> Float64[np.ndarray, "n 7"]:
    number = int(random.poisson(gun.mean))
    low, high = np.log(gun.energy)
    energy = np.exp(random.uniform(low, high, number))
    eta, phi = random.uniform(*GUN_ETA, number), random.uniform(-np.pi, np.pi, number)
    along = momentum_vectors(np.sqrt(energy**2 - gun.mass**2), eta, phi)
    return np.column_stack([np.full(number, float(gun.pid)), along, np.tile(vertex, (number, 1))])
