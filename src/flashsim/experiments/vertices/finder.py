"""Find the vertices of a bunch crossing: where most lines come from first, then what is left.

The order is that of adaptive vertex reconstruction (W. Waltenberger, CMS NOTE-2008/033).
"""

import numpy as np
from jaxtyping import Float64

from flashsim.experiments.vertices.fit import Lines, Vertex, fit

FEWEST = 4
"""Lines that make a vertex."""
_SEED = 2.0  # lines, each counted by how near it is, that make a try worth while
_APART = 25.0
"""χ² between two vertices (three degrees of freedom) below which they are one."""
_WIDTH = 0.1  # mm, added to the errors where the density is looked at


def along_beam(lines: Lines) -> tuple[Float64[np.ndarray, " n"], Float64[np.ndarray, " n"]]:
    """Where each line is closest to the beam axis, and the error of that. Lines are given at this point."""
    slope = lines.state[:, 2:]
    square = np.maximum((slope**2).sum(axis=1), 1e-8)
    across = np.einsum("ni,nij,nj->n", slope, lines.covariance[:, :2, :2], slope) / square
    return lines.z, np.sqrt(across / square)


def find(lines: Lines) -> list[tuple[Vertex, np.ndarray]]:
    """The vertices, each with the places of its lines; a line is in one of them at most."""
    z, error = along_beam(lines)
    near = np.exp(-0.5 * (z[:, None] - z) ** 2 / (error[:, None] ** 2 + error**2 + _WIDTH**2))
    free, seeds = np.ones(len(lines), dtype=bool), np.ones(len(lines), dtype=bool)
    found: list[tuple[Vertex, np.ndarray]] = []
    while True:
        density = np.where(seeds & free, near @ free, 0.0)
        if len(density) == 0 or density.max() < _SEED:
            return found
        seed = int(np.argmax(density))
        rows = np.flatnonzero(free)
        vertex = fit(lines.take(rows), np.array([0.0, 0.0, z[seed]]))
        if vertex is None or vertex.tracks < FEWEST:
            seeds[seed] = False
            continue
        members = rows[vertex.weight > 0.5]
        free[members] = False
        if not any(_same(vertex, other) for other, _ in found):  # lines that one before had left over
            found.append((vertex, members))


def _same(one: Vertex, other: Vertex) -> bool:
    """Whether two vertices cannot be told apart by their errors."""
    apart = one.position - other.position
    return float(apart @ np.linalg.solve(one.covariance + other.covariance, apart)) < _APART
