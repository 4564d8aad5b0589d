"""The point of a path that is closest to the beam, the z axis."""

from dataclasses import replace

import numpy as np

from flashsim.propagation.fields import UniformAlong
from flashsim.propagation.rays import Column, Rays

PARALLEL = 1e-9
"""Sine of the angle to the beam below which a particle counts as parallel to it: it is as close everywhere."""


def to_beam(rays: Rays, w: Column, field: UniformAlong | None) -> Rays:
    """The closest point of straight lines, or of helices in a field along z; parallel ones stay where they are.

    A helix comes close once a turn: it is the point less than half a turn away. `w` is pz / p, also of those at right
    angles to the beam, of which `Rays` knows nothing.
    """
    sine2 = rays.u**2 + rays.v**2
    moves = sine2 > PARALLEL**2
    sine2 = np.where(moves, sine2, 1.0)
    ahead = (rays.x * rays.u + rays.y * rays.v) / sine2
    aside = (rays.x * rays.v - rays.y * rays.u) / sine2
    turn = rays.bend * (0.0 if field is None else field.strength)
    bent = turn != 0
    # The projected circle has the curvature -turn / sine; where it faces its centre's direction it is closest.
    angle = np.arctan2(turn * ahead, 1.0 + turn * aside)
    path = np.where(bent, -angle / np.where(bent, turn, 1.0), -ahead)
    path = np.where(moves, path, 0.0)
    there = (field or UniformAlong(0.0)).turn(rays, path, rays.z + path * w)
    return replace(there, on_way=rays.on_way)
