"""An adaptive fit of one vertex to straight tracks: outliers lose their weight instead of pulling.

R. Frühwirth, W. Waltenberger, P. Vanlaer, Adaptive vertex fitting, J. Phys. G 34 (2007) N343.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

TEMPERATURES = (64.0, 16.0, 4.0, 1.0, 1.0, 1.0, 1.0)
"""Of the annealing: at first weights hardly depend on the distance."""
CUT = 9.0
"""χ² of a track (two degrees of freedom) at which it has half of its weight."""


@dataclass(frozen=True)
class Lines:
    """Tracks near the beam as straight lines: (x, y, tx, ty) at z, and the covariance of these there, in mm."""

    z: Float64[np.ndarray, " n"]
    state: Float64[np.ndarray, "n 4"]
    covariance: Float64[np.ndarray, "n 4 4"]

    def __len__(self) -> int:
        return len(self.z)

    def take(self, rows: np.ndarray) -> "Lines":
        """Some of them."""
        return Lines(self.z[rows], self.state[rows], self.covariance[rows])

    def weight_at(self, z: float) -> Float64[np.ndarray, "n 2 2"]:
        """Inverse covariance of (x, y) where they cross z."""
        distance = (z - self.z)[:, None, None]
        position, mixed, slope = self.covariance[:, :2, :2], self.covariance[:, :2, 2:], self.covariance[:, 2:, 2:]
        return np.linalg.inv(position + distance * (mixed + mixed.swapaxes(1, 2)) + distance**2 * slope)


@dataclass(frozen=True)
class Vertex:
    """A fitted vertex: `weight` says how much each line belongs to it, from 0 to 1."""

    position: Float64[np.ndarray, "3"]
    covariance: Float64[np.ndarray, "3 3"]
    weight: Float64[np.ndarray, " n"]
    chi2: float

    @property
    def ndof(self) -> float:
        """Degrees of freedom: a line measures two coordinates."""
        return 2 * float(self.weight.sum()) - 3

    @property
    def tracks(self) -> int:
        """How many lines are in it."""
        return int(np.count_nonzero(self.weight > 0.5))


def fit(lines: Lines, start: Float64[np.ndarray, "3"], temperatures: tuple[float, ...] = TEMPERATURES) -> Vertex | None:
    """The vertex near `start`, or None where fewer than two lines belong to it.

    The condition that line and vertex meet, ``x + tx (vz - z) = vx``, is linear in the vertex: each step solves
    weighted normal equations, with the covariance of each line where the vertex was in the step before.
    """
    x, y, tx, ty = lines.state.T
    ones, zeros = np.ones(len(lines)), np.zeros(len(lines))
    design = np.stack([np.stack([ones, zeros, -tx], axis=1), np.stack([zeros, ones, -ty], axis=1)], axis=1)
    measured = np.stack([x - tx * lines.z, y - ty * lines.z], axis=1)
    position = start
    weight, chi2, normal = ones, zeros, np.zeros((3, 3))
    for temperature in temperatures:
        information = lines.weight_at(float(position[2]))
        residual = measured - design @ position
        chi2 = np.einsum("ni,nij,nj->n", residual, information, residual)
        weight = 1 / (1 + np.exp(np.clip((chi2 - CUT) / (2 * temperature), -500, 500)))
        if np.count_nonzero(weight > 1e-3) < 2:
            return None
        weighted = design.swapaxes(1, 2) @ (weight[:, None, None] * information)
        normal = (weighted @ design).sum(axis=0)
        position = np.linalg.solve(normal, (weighted @ measured[:, :, None]).sum(axis=0)[:, 0])
    return Vertex(position, np.linalg.inv(normal), weight, float(weight @ chi2))
