"""A field on a regular grid: its content, and the trilinear interpolation between the points."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float64, Int64

from flashsim.propagation.rays import Column

Strength = tuple[Column, Column, Column]
FieldAt = Callable[[Column, Column], Strength]
"""The field at points (x, y)."""


@dataclass(frozen=True)
class Grid:
    """A field (T) at the points of a regular grid (mm): `first` point, `step` between points, `values` at each."""

    first: tuple[float, float, float]
    step: tuple[float, float, float]
    values: Float64[np.ndarray, "3 nz nx ny"]

    @property
    def last(self) -> tuple[float, float, float]:
        """The corner across from the first point."""
        nz, nx, ny = self.values.shape[1:]
        x, y, z = (
            start + step * (count - 1) for start, step, count in zip(self.first, self.step, (nx, ny, nz), strict=True)
        )
        return x, y, z

    def plane(self, z: float) -> FieldAt:
        """The field in a plane across the beam: interpolated in z for all its points at once."""
        place = (z - self.first[2]) / self.step[2]
        index = int(np.clip(np.floor(place), 0, self.values.shape[1] - 2))
        share = place - index
        planes = self.values.reshape(3, self.values.shape[1], -1)
        between = planes[:, index] * (1.0 - share) + planes[:, index + 1] * share
        return lambda x, y: _strength(self._cells(x, y), between)

    def at(self, z: Column) -> FieldAt:
        """The field where each point has a z of its own."""
        place = (z - self.first[2]) / self.step[2]
        index = np.clip(np.floor(place), 0, self.values.shape[1] - 2)
        share = place - index
        planes, size = self.values.reshape(3, -1), self.values[0, 0].size
        offset = index.astype(np.int64) * size

        def field(x: Column, y: Column) -> Strength:
            cells = self._cells(x, y)
            near = _strength(replace(cells, corner=cells.corner + offset), planes)
            far = _strength(replace(cells, corner=cells.corner + (offset + size)), planes)
            bx, by, bz = (one + share * (other - one) for one, other in zip(near, far, strict=True))
            return bx, by, bz

        return field

    def covers(self, x: Column, y: Column) -> Bool[np.ndarray, " particles"]:
        """Which points lie within the grid, across the beam."""
        return self._cells(x, y).inside

    def _cells(self, x: Column, y: Column) -> "_Cells":
        px, py = (x - self.first[0]) * (1.0 / self.step[0]), (y - self.first[1]) * (1.0 / self.step[1])
        nx, ny = self.values.shape[2:]
        ix = np.floor(np.minimum(np.maximum(px, 0.0), nx - 1.5))
        iy = np.floor(np.minimum(np.maximum(py, 0.0), ny - 1.5))
        fx, fy = px - ix, py - iy
        inside = (fx >= 0) & (fx <= 1) & (fy >= 0) & (fy <= 1)
        return _Cells((ix * ny + iy).astype(np.int64), ny, fx, fy, inside)


@dataclass(frozen=True)
class _Cells:
    """The cell of each point in a plane: its first corner, how many corners on the next one in x is, where the point
    is in it, and whether it is in any cell at all.
    """

    corner: Int64[np.ndarray, " particles"]
    row: int
    fx: Column
    fy: Column
    inside: Bool[np.ndarray, " particles"]


def _strength(cells: _Cells, values: Float64[np.ndarray, "3 points"]) -> Strength:
    """The field between the four corners of each cell; zero for points that are in none."""
    corners = [cells.corner + shift for shift in (0, 1, cells.row, cells.row + 1)]
    bx, by, bz = (_between(cells, [np.take(component, one, mode="clip") for one in corners]) for component in values)
    return bx, by, bz


def _between(cells: _Cells, corners: list[Column]) -> Column:
    low, high, low_next, high_next = corners
    high_next -= low_next
    high_next *= cells.fy
    low_next += high_next
    high -= low
    high *= cells.fy
    low += high
    low_next -= low
    low_next *= cells.fx
    low += low_next
    low *= cells.inside
    return low
