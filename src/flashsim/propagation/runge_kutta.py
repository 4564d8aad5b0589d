"""Paths through a field map: a fixed-step Runge-Kutta-Nyström method of fourth order, in z.

With slopes tx = dx/dz and ty the path is x'' = f(z, x, x'); Nyström's method takes three fields a step, as the two in
the middle are at one point (E. J. Nyström, 1925; as in the track models of LHCb and ATLAS). The planes between steps
are counted back from the end, so that all particles are on them together and z is interpolated once a plane; each
comes to the first of them in one shorter step of its own. What a particle does depends on nothing but itself.
"""

from dataclasses import dataclass
from typing import final

import numpy as np

from flashsim.errors import FlashSimError
from flashsim.propagation.field_map import FieldAt, Grid, Strength
from flashsim.propagation.fields import Magnet
from flashsim.propagation.rays import LEAST_COSINE, Column, Rays
from flashsim.propagation.states import States, in_blocks

_STEEPEST = float(np.sqrt(1 / LEAST_COSINE**2 - 1))


@final
@dataclass(frozen=True)
class FieldMap(Magnet):
    """A field on a grid, times `scale`, and zero outside of it; in steps of `step` mm along z.

    With `outside_is_error` a particle that leaves the grid on its way raises FlashSimError, which calls it `name`.
    """

    grid: Grid
    step: float
    name: str = "field map"
    scale: float = 1.0
    outside_is_error: bool = False

    @property
    def extent(self) -> tuple[float, float]:
        """The first and the last plane of the grid."""
        return self.grid.first[2], self.grid.last[2]

    def carry(self, rays: Rays, to: Column) -> Rays:
        """As every magnet; a way beyond its ends is refused where that was asked for."""
        if self.outside_is_error:
            begin, end = self.extent
            beyond = (np.minimum(rays.z, to) < begin) | (np.maximum(rays.z, to) > end)
            self._refuse(beyond, rays.x, rays.y, np.where(rays.z < begin, rays.z, np.where(rays.z > end, rays.z, to)))
        return super().carry(rays, to)

    def through(self, rays: Rays, to: Column) -> Rays:
        """All particles, those of one direction and one end together."""
        states = States.of(rays, self.scale)
        for end in np.unique(to[to != rays.z]):
            for sense in (1.0, -1.0):
                rows = np.flatnonzero((to == end) & ((end - rays.z) * sense > 0))
                if rows.size:
                    some = states.rows(rows)
                    self._march(some, rays.z[rows], float(end), sense)
                    states.put(rows, some)
        if self.outside_is_error:
            self._refuse_uncovered(states)
        return states.to_rays(rays, to)

    def _march(self, states: States, z: Column, end: float, sense: float) -> None:
        """Move states from their z to a common end, in place."""
        step = sense * self.step
        left = np.ceil((end - z) / step).astype(np.int64)  # steps, the first of them shorter
        order = np.argsort(-left, kind="stable")
        left, z = left[order], z[order]
        marching = states.rows(order)
        for part in in_blocks(len(order)):
            length = end - (left[part] - 1) * step - z[part]
            fields = [self.grid.at(z[part] + share * length) for share in (0.0, 0.5, 1.0)]
            self._advance(marching.view(part), length, fields)
        most = int(left[0])
        after = self.grid.plane(end - (most - 1) * step)
        for number in range(most - 1, 0, -1):
            here = end - number * step
            fields = [after, self.grid.plane(here + 0.5 * step), self.grid.plane(here + step)]
            after = fields[2]
            for part in in_blocks(int(np.searchsorted(-left, -number, side="left"))):
                self._advance(marching.view(part), step, fields)
        states.put(order, marching)

    def _advance(self, states: States, length: Column | float, fields: list[FieldAt]) -> None:
        """One step, in place: what is too steep after it stays where it was, and is no longer on its way."""
        if self.outside_is_error:
            self._refuse_uncovered(states)
        x, y, tx, ty, bend = states.x, states.y, states.tx, states.ty, states.bend
        h = length * states.alive
        half, third = 0.5 * h, h / 6
        before, middle, after = fields
        ax1, ay1, s1 = _changes(tx, ty, bend, before(x, y))
        field = middle(x + half * (tx + 0.5 * half * ax1), y + half * (ty + 0.5 * half * ay1))
        ax2, ay2, s2 = _changes(tx + half * ax1, ty + half * ay1, bend, field)
        ax3, ay3, s3 = _changes(tx + half * ax2, ty + half * ay2, bend, field)
        field = after(x + h * (tx + half * ax3), y + h * (ty + half * ay3))
        ax4, ay4, s4 = _changes(tx + h * ax3, ty + h * ay3, bend, field)
        ax2 += ax3
        ay2 += ay3
        new_tx, new_ty = tx + third * (ax1 + 2 * ax2 + ax4), ty + third * (ay1 + 2 * ay2 + ay4)
        flat = new_tx**2 + new_ty**2 <= _STEEPEST**2  # false also for what is not a number
        np.add(x, h * (tx + third * (ax1 + ax2)), out=x, where=flat)
        np.add(y, h * (ty + third * (ay1 + ay2)), out=y, where=flat)
        np.add(states.path, third * (s1 + 2 * (s2 + s3) + s4), out=states.path, where=flat)
        np.copyto(tx, new_tx, where=flat)
        np.copyto(ty, new_ty, where=flat)
        np.multiply(states.alive, flat, out=states.alive)

    def _refuse_uncovered(self, states: States) -> None:
        self._refuse((states.alive > 0) & ~self.grid.covers(states.x, states.y), states.x, states.y, None)

    def _refuse(self, outside: np.ndarray, x: Column, y: Column, z: Column | None) -> None:
        if outside.any():
            row = int(np.argmax(outside))
            place = f"x = {x[row]:g}, y = {y[row]:g}" + ("" if z is None else f", z = {z[row]:g}") + " mm"
            raise FlashSimError(
                f"{self.name}: a particle is outside of the map, at {place} ({int(outside.sum())} such particles of "
                f"{len(x)}); use a larger map, leave them out by `where`, or write outside = 'zero'"
            )


def _changes(tx: Column, ty: Column, bend: Column, field: Strength) -> tuple[Column, Column, Column]:
    """How both slopes change along z, and the path in a unit of z."""
    bx, by, bz = field
    length = np.sqrt(1.0 + tx * tx + ty * ty)
    strength = bend * length
    both = tx * bx
    both += bz
    across = ty * both  # the parts of tx ty Bx + ty Bz - (1 + tx²) By
    across -= (1.0 + tx * tx) * by
    across *= strength
    both = ty * by
    both += bz
    upward = (1.0 + ty * ty) * bx
    upward -= tx * both
    upward *= strength
    return across, upward, length
