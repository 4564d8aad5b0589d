"""What is generated: collisions from Pythia8, and guns that cover the edges of phase space."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64, Int32

from flashsim.experiments.spectrometer.geometry import INTERACTION_SPREAD
from flashsim.experiments.spectrometer.records import Primaries
from flashsim.experiments.spectrometer.rounding import round_mantissa

MOMENTUM_BITS = 14  # of mantissa
POSITION_STEP = 2.0**-10  # mm: about 1 µm, and exact in binary
CHARGED_STABLE = (11, 13, 211, 321, 2212)
MIXTURE = {"minimum-bias": 0.30, "charm": 0.10, "beauty": 0.10, "gun": 0.50}  # shares of the events
PYTHIA_SETTINGS = ("Print:quiet = on", "Beams:eCM = 13600.", "Random:setSeed = on")
PROCESS_SETTINGS = {
    "minimum-bias": ("SoftQCD:nonDiffractive = on",),
    "charm": ("HardQCD:hardccbar = on", "PhaseSpace:pTHatMin = 1."),
    "beauty": ("HardQCD:hardbbbar = on", "PhaseSpace:pTHatMin = 1."),
}
MINIMUM_MOMENTUM = 0.3  # GeV, of charged particles from collisions
MINIMUM_PHOTON_ENERGY = 0.2  # GeV
COLLISION_ETA = (1.4, 6.0)
LAST_VERTEX = 2500.0  # mm: what is born farther downstream leaves no track here, and is left out
GUN_LAST_VERTEX = 2300.0  # mm
GUN_DECAY_KICK = 0.2  # GeV, transverse, between a displaced particle and its flight path


@dataclass(frozen=True)
class Gun:
    """Particles of all its species and both charges in equal parts, log-uniform in momentum, flat in η and φ."""

    particles: float
    """Mean number an event."""
    momentum: tuple[float, float]
    """GeV."""
    eta: tuple[float, float]
    displaced: float
    """Share of those that are born along a flight path."""
    species: tuple[int, ...] = CHARGED_STABLE


GUNS = {
    "gun": Gun(24, (0.5, 100.0), (1.5, 5.5), 0.18),  # wider than the planes: what is lost has to be learnt, too
    "forward-gun": Gun(18, (2.0, 100.0), (1.9, 5.0), 0.40),  # where tracks are found: for how well they are measured
    "electron-gun": Gun(18, (2.0, 100.0), (1.9, 5.0), 0.1, (11,)),  # for what they radiate, and for showers
}
PROCESSES = (*PROCESS_SETTINGS, *GUNS)


def generate(first_event: int, events: int, seed: int, shares: Mapping[str, float] = MIXTURE) -> Primaries:
    """Primaries of consecutive events: each is of one of `PROCESSES`, drawn by its share; some may be empty."""
    random = np.random.default_rng([seed, 1])
    names = list(shares)
    processes = random.choice(len(names), events, p=list(shares.values()))
    collisions = {
        name: start_pythia(PROCESS_SETTINGS[name], [seed, 2, index])
        for index, name in enumerate(names)
        if name in PROCESS_SETTINGS and np.any(processes == index)
    }
    parts: list[tuple[int, np.ndarray]] = []
    for number, process in enumerate(processes):
        vertex = random.normal(0.0, INTERACTION_SPREAD)
        name = names[process]
        table = _fire(GUNS[name], random, vertex) if name in GUNS else _collision(collisions[name], vertex)
        parts.append((first_event + number, table))
    return rounded_primaries(parts)


def charge_conjugates(
    random: np.random.Generator, number: int, species: tuple[int, ...] = CHARGED_STABLE
) -> Int32[np.ndarray, "number"]:
    """Species and charges with equal shares."""
    sign = random.choice((-1, 1), number)
    return (sign * random.choice(species, number)).astype(np.int32)


def _fire(gun: Gun, random: np.random.Generator, vertex: Float64[np.ndarray, "3"]) -> Float64[np.ndarray, "n 7"]:
    number = int(random.poisson(gun.particles))
    pid = charge_conjugates(random, number, gun.species)
    low, high = np.log(gun.momentum)
    momentum = np.exp(random.uniform(low, high, number))
    eta, phi = random.uniform(*gun.eta, number), random.uniform(-np.pi, np.pi, number)
    along = momentum_vectors(momentum, eta, phi)
    # A displaced particle starts on a straight flight path which it left with a kick.
    path = along.copy()
    path[:, :2] += random.normal(0.0, GUN_DECAY_KICK, (number, 2))
    flown = random.uniform(0.0, GUN_LAST_VERTEX, number) * (random.random(number) < gun.displaced)
    start = vertex + path / path[:, 2:] * flown[:, None]
    return np.column_stack([pid, along, start])


def momentum_vectors(
    momentum: Float64[np.ndarray, " n"], eta: Float64[np.ndarray, " n"], phi: Float64[np.ndarray, " n"]
) -> Float64[np.ndarray, "n 3"]:
    """px, py and pz from the momentum (in its unit) and its direction."""
    transverse = momentum / np.cosh(eta)
    return np.stack([transverse * np.cos(phi), transverse * np.sin(phi), momentum * np.tanh(eta)], axis=1)


def start_pythia(settings: Sequence[str], seed: Sequence[int]) -> Any:
    """Pythia at the energy of the collisions, with its random numbers from a sequence of seeds."""
    import pythia8mc

    number = int(np.random.SeedSequence(seed).generate_state(1)[0] % 900_000_000)
    pythia = pythia8mc.Pythia("", False)
    for line in (*PYTHIA_SETTINGS, *settings, f"Random:seed = {number + 1}"):
        pythia.readString(line)
    pythia.init()
    return pythia


def next_collision(pythia: Any) -> Any:
    """The record of the next collision."""
    while not pythia.next():  # a rare failure of hadronisation: Pythia goes on with the next event
        pass
    return pythia.event


def _collision(pythia: Any, vertex: Float64[np.ndarray, "3"]) -> Float64[np.ndarray, "n 7"]:
    rows = [
        (p.id(), p.px(), p.py(), p.pz(), p.xProd(), p.yProd(), p.zProd())
        for p in next_collision(pythia)
        if p.isFinal() and p.pz() > 0 and (p.idAbs() in CHARGED_STABLE or p.idAbs() == 22)
    ]
    table = np.array(rows, np.float64).reshape(-1, 7)
    momentum = np.linalg.norm(table[:, 1:4], axis=1)
    eta = np.arctanh(table[:, 3] / momentum)
    least = np.where(table[:, 0] == 22, MINIMUM_PHOTON_ENERGY, MINIMUM_MOMENTUM)
    table[:, 4:] += vertex
    seen = (momentum > least) & (eta > COLLISION_ETA[0]) & (eta < COLLISION_ETA[1])
    return table[seen & (table[:, 6] < LAST_VERTEX)]


def rounded_primaries(parts: list[tuple[int, Float64[np.ndarray, "_ 7"]]]) -> Primaries:
    """Particles (pid, momentum, origin) of events, rounded before transport: what is stored is exactly what flew."""
    event = np.concatenate([np.full(len(table), number, np.int64) for number, table in parts])
    table = np.concatenate([table for _, table in parts])
    momentum = round_mantissa(table[:, 1:4], MOMENTUM_BITS)
    position = np.round(table[:, 4:] / POSITION_STEP) * POSITION_STEP
    return Primaries(event, table[:, 0].astype(np.int32), *momentum.T.copy(), *position.T.copy())
