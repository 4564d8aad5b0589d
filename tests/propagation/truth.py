"""Paths from the equation of motion, by an integrator of SciPy's with tight tolerances; and particles to follow."""

from collections.abc import Callable

import numpy as np
from scipy.integrate import solve_ivp

from flashsim.propagation import Bell, Field, FieldMap, Grid, Kick, UniformAcross, UniformAlong

C = 299_792_458.0
Strength = Callable[[float, float, float], tuple[float, float, float]]


def particles(count: int, seed: int, lowest: float = 2.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Positions (mm), momenta (GeV) and charges of particles that fly downstream."""
    random = np.random.default_rng(seed)
    p = np.exp(random.uniform(np.log(lowest), np.log(100), count))
    tx, ty = random.uniform(-0.3, 0.3, (2, count))
    pz = p / np.sqrt(1 + tx**2 + ty**2)
    position = np.stack([*random.normal(0, 5, (2, count)), random.normal(0, 60, count)], axis=1)
    return position, np.stack([tx * pz, ty * pz, pz], axis=1), random.choice([-1.0, 1.0, 2.0], count)


def integrated(position: np.ndarray, momentum: np.ndarray, charge: float, to: float, field: Strength) -> np.ndarray:
    """x, y, px, py, pz and path at z = `to` of one particle: dp/dt = q v × B, in SI units but for GeV and mm."""
    kappa = C * 1e-12  # GeV / (T mm)

    def change(z: float, state: np.ndarray) -> list[float]:
        x, y, px, py, pz, _ = state
        bx, by, bz = field(x, y, z)
        force = charge * kappa * np.cross([px, py, pz], [bx, by, bz]) / pz
        return [px / pz, py / pz, *force, np.sqrt(px**2 + py**2 + pz**2) / pz]

    start = [*position[:2], *momentum, 0.0]
    found = solve_ivp(change, (position[2], to), start, method="DOP853", rtol=1e-12, atol=1e-12)
    assert found.success
    return found.y[:, -1]


def bell_strength(bell: Bell, z: np.ndarray | float) -> np.ndarray:
    """By of a bell."""
    peak = bell.along_y / (bell.width * np.sqrt(2 * np.pi))
    return peak * np.exp(-0.5 * ((np.asarray(z) - bell.centre) / bell.width) ** 2)


BELL = Bell(0.0, 4000.0, 5000.0, 1100.0)
TILTED = Bell(-900.0, 2500.0, 4000.0, 700.0)


def grid_of(field: Callable, low: tuple, high: tuple, counts: tuple[int, int, int]) -> Grid:
    """A field, a function of arrays x, y and z, at the points of a grid."""
    axes = [np.linspace(*ends) for ends in zip(low, high, counts, strict=True)]
    z, x, y = np.meshgrid(axes[2], axes[0], axes[1], indexing="ij")
    values = np.stack([np.broadcast_to(np.asarray(one, float), x.shape) for one in field(x, y, z)])
    step = tuple(float(axis[1] - axis[0]) for axis in axes)
    return Grid(tuple(map(float, low)), step, values)


LOW, HIGH = (-4000.0, -4000.0, -200.0), (4000.0, 4000.0, 9400.0)
MAP = FieldMap(grid_of(lambda x, y, z: (0 * z, bell_strength(BELL, z), 0.02 + 0 * z), LOW, HIGH, (5, 5, 97)), 200.0)

FIELDS: dict[str, Field | None] = {
    "none": None,
    "kick": Kick(5000.0, -900.0, 4000.0),
    "solenoid": UniformAlong(3.8),
    "short solenoid": UniformAlong(-2.0, 500.0, 3000.0),
    "dipole": UniformAcross(0.3, 1.1, 3000.0, 6000.0),
    "bell": TILTED,
    "map": MAP,
}
