"""The states that a Runge-Kutta method moves, in place: slopes instead of directions."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace

import numpy as np
from jaxtyping import Int64

from flashsim.propagation.rays import Column, Rays

_BLOCK = 4096
"""Particles at a time: what they need stays in the cache."""


@dataclass(frozen=True)
class States:
    """Positions (mm), slopes dx/dz and dy/dz, κ q / p with the sign of pz (1/(T mm)), path (mm), and 1 or 0: on its way
    or not.
    """

    x: Column
    y: Column
    tx: Column
    ty: Column
    bend: Column
    path: Column
    alive: Column

    @classmethod
    def of(cls, rays: Rays, scale: float) -> "States":
        """The states of rays in a field times `scale`; their path begins anew."""
        w = rays.w
        return cls(
            rays.x.copy(),
            rays.y.copy(),
            rays.u / w,
            rays.v / w,
            scale * rays.bend * rays.sense,
            np.zeros_like(w),
            rays.on_way.astype(np.float64),
        )

    def to_rays(self, rays: Rays, to: Column) -> Rays:
        """The rays that these states came from, at z = `to`."""
        w = rays.sense / np.sqrt(1.0 + self.tx**2 + self.ty**2)
        moved = rays.moved(self.x, self.y, to, rays.sense * self.path)
        return replace(moved, u=self.tx * w, v=self.ty * w, on_way=rays.on_way & (self.alive > 0))

    def rows(self, rows: Int64[np.ndarray, " some"]) -> "States":
        """A copy of some of them."""
        return States(*(getattr(self, one.name)[rows] for one in fields(self)))

    def view(self, part: slice) -> "States":
        """Some that follow each other: what is written there is written here."""
        return States(*(getattr(self, one.name)[part] for one in fields(self)))

    def put(self, rows: Int64[np.ndarray, " some"], states: "States") -> None:
        """Write states to some rows."""
        for one in fields(self):
            getattr(self, one.name)[rows] = getattr(states, one.name)


def in_blocks(count: int) -> Iterator[slice]:
    """The first so many rows, in blocks of a fixed size."""
    for start in range(0, count, _BLOCK):
        yield slice(start, min(start + _BLOCK, count))
