"""Particles on their way along z, and straight lines.

A field changes the direction (u, v, w) of a particle of momentum p and charge q, per path, by the cross product of the
direction with B, times κ q / p. Everything here is a function of z: what transverse fields do to u and v then is their
integral along z, and a way back is the same formula read backwards.
"""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float64

KAPPA = 0.299792458e-3
"""GeV / (T mm): the transverse momentum that a unit charge gains, by the definition of the metre."""
LEAST_COSINE = 0.05
"""|pz| / p below which a particle counts as turned back: 87° from the beam."""

Column = Float64[np.ndarray, " particles"]


@dataclass(frozen=True)
class Rays:
    """Where particles are (mm), their direction cosines u and v, and the path (mm) since they set out.

    `sense` is the sign of pz, which never changes; `bend` is κ q / p in 1/(T mm); those that are no longer `on_way`
    have turned back somewhere, and the rest of what is said of them means nothing but is finite.
    """

    x: Column
    y: Column
    z: Column
    u: Column
    v: Column
    sense: Column
    bend: Column
    path: Column
    on_way: Bool[np.ndarray, " particles"]

    @property
    def w(self) -> Column:
        """The direction cosine along z."""
        return self.sense * np.sqrt(np.maximum(1.0 - self.u**2 - self.v**2, LEAST_COSINE**2))

    def moved(self, x: Column, y: Column, z: Column, path: Column) -> "Rays":
        """The same directions, elsewhere: `path` is added to that of before."""
        return replace(self, x=x, y=y, z=z, path=self.path + path)

    def turned(self, u: Column, v: Column) -> "Rays":
        """Other directions, at the same place; those too far from the beam have turned back."""
        forward = 1.0 - u**2 - v**2 >= LEAST_COSINE**2
        return replace(self, u=u, v=v, on_way=self.on_way & forward)


def straight(rays: Rays, to: Column) -> Rays:
    """Straight lines to z = `to`, a number a particle."""
    path = (to - rays.z) / rays.w
    return rays.moved(rays.x + path * rays.u, rays.y + path * rays.v, to, path)
