"""The tracks of a sample as particle identification uses them: where they are behind the dipole."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float64, Int64, Shaped

from flashsim.experiments.spectrometer.propagation import propagate
from flashsim.experiments.spectrometer.reconstruction import DOWNSTREAM, LONG
from flashsim.experiments.spectrometer.records import Rows
from flashsim.experiments.spectrometer.rounding import STATE

MASSES = {"e": 0.000511, "mu": 0.105658, "pi": 0.139570, "k": 0.493677, "p": 0.938272}  # GeV
HYPOTHESES = tuple(MASSES)
_START = 900.0  # mm: up to here paths are straight


@dataclass(frozen=True)
class Tracks(Rows):
    """Reconstructed tracks: row in the sample, event, type, and state (x, y, tx, ty, q/p) before the dipole."""

    row: Int64[np.ndarray, "n"]
    event: Int64[np.ndarray, "n"]
    kind: Int64[np.ndarray, "n"]
    state: Float64[np.ndarray, "n 5"]

    @classmethod
    def of_sample(cls, columns: dict[str, Shaped[np.ndarray, "rows"]]) -> "Tracks":
        """The rows that have a track."""
        row = np.flatnonzero(columns["track_type"] > 0)
        state = np.stack([columns[f"rec_{name}"][row] for name in STATE], axis=1).astype(np.float64)
        state[:, :2] += (_START - columns["rec_z"][row].astype(np.float64))[:, None] * state[:, 2:4]
        return cls(row, columns["event"][row].astype(np.int64), columns["track_type"][row].astype(np.int64), state)

    @property
    def momentum(self) -> Float64[np.ndarray, "n"]:
        """Measured momentum (GeV)."""
        return 1 / np.abs(self.state[:, 4])

    @property
    def crosses_dipole(self) -> Bool[np.ndarray, "n"]:
        """Whether it was measured behind the dipole, so that it can be followed farther."""
        return np.isin(self.kind, (LONG, DOWNSTREAM))

    def at(self, z: float) -> Float64[np.ndarray, "n 5"]:
        """States at z (mm)."""
        return propagate(self.state, _START, z)


def beta(momentum: Float[np.ndarray, "n"]) -> Float64[np.ndarray, "n hypotheses"]:
    """Velocity of each hypothesis."""
    mass = np.array(list(MASSES.values()))
    return momentum[:, None] / np.hypot(momentum[:, None], mass)


def of_events(event: Int64[np.ndarray, "n"], other: Int64[np.ndarray, "m"]) -> list[tuple[int, slice, np.ndarray]]:
    """For each event among the first (sorted): its number, its rows there, and its rows among the others."""
    order = np.argsort(other, kind="stable")
    numbers, start = np.unique(event, return_index=True)
    stop = np.append(start[1:], len(event))
    low, high = (np.searchsorted(other[order], numbers, side) for side in ("left", "right"))
    parts = zip(numbers.tolist(), start, stop, low, high, strict=True)
    return [(number, slice(a, b), order[c:d]) for number, a, b, c, d in parts]
