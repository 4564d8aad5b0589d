"""Where particles are on a plane, or closest to the beam: the one function that everything here serves."""

from typing import Literal

import numpy as np
from jaxtyping import Float, Shaped

from flashsim.propagation.closest import to_beam
from flashsim.propagation.fields import Field, UniformAlong
from flashsim.propagation.rays import KAPPA, LEAST_COSINE, Rays, straight

_BLOCK = 8192


def propagate(
    position: Float[np.ndarray, "particles 3"],
    momentum: Float[np.ndarray, "particles 3"],
    charge: Float[np.ndarray, " particles"],
    to: float | Literal["beam"],
    field: Field | None = None,
    *,
    backward: bool = False,
) -> dict[str, Shaped[np.ndarray, " particles"]]:
    """Particles on the plane z = `to` (mm), or where they are closest to the z axis (``"beam"``).

    Parameters
    ----------
    position, momentum
        Where each particle is born, or was measured (mm), and its momentum there (GeV).
    charge
        In units of e; neutral particles go straight.
    field
        None: straight lines. The closest point to the beam is known for these and for a uniform field along z.
    backward
        Whether those that would have to be on the plane before they were born are traced back to it.

    Returns
    -------
    ``x``, ``y``, ``z`` (mm), ``px``, ``py``, ``pz`` (GeV), ``tx``, ``ty`` (px / pz and py / pz, 0 where pz is 0),
    ``path`` (mm; negative backwards) and ``reached``. What has not ``reached`` stays as it was born, with path 0: it
    flies away from the plane, turns back or is bent to more than 87° from the beam before it, or has no momentum.
    A particle that is closest to the beam everywhere, parallel to it, has reached it. Where a number of a particle is
    not finite all of its columns are NaN.
    """
    starts = range(0, max(len(position), 1), _BLOCK)
    with np.errstate(all="ignore"):  # what comes of numbers that are too large has not reached its plane
        parts = [
            _block(position[rows], momentum[rows], charge[rows], to, field, backward=backward)
            for rows in (slice(start, start + _BLOCK) for start in starts)
        ]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _block(
    position: np.ndarray,
    momentum: np.ndarray,
    charge: np.ndarray,
    to: float | Literal["beam"],
    field: Field | None,
    *,
    backward: bool,
) -> dict[str, np.ndarray]:
    x, y, z = np.asarray(position, np.float64).T
    px, py, pz = np.asarray(momentum, np.float64).T
    known = np.isfinite(position).all(axis=1) & np.isfinite(momentum).all(axis=1) & np.isfinite(charge)
    largest = np.maximum(np.maximum(np.abs(px), np.abs(py)), np.abs(pz))
    moving = known & (largest > 0)
    if to == "beam":
        goes = moving
    else:
        ahead = (to - z) * np.sign(pz)
        goes = moving & (np.abs(pz) >= LEAST_COSINE * np.hypot(np.hypot(px, py), pz)) & ((ahead >= 0) | backward)
    rows = np.flatnonzero(goes)
    result = {"x": x, "y": y, "z": z, "px": px, "py": py, "pz": pz}
    result = {name: np.where(known, values, np.nan) for name, values in result.items()}
    result |= {"path": np.where(known, 0.0, np.nan), "reached": np.zeros(len(x), dtype=bool)}
    p = np.hypot(np.hypot(px[rows], py[rows]), pz[rows])
    u, v, w = px[rows] / p, py[rows] / p, pz[rows] / p
    bend = KAPPA * np.asarray(charge, np.float64)[rows] / p
    rays = Rays(x[rows], y[rows], z[rows], u, v, np.sign(w), bend, np.zeros(rows.size), np.ones(rows.size, dtype=bool))
    if to == "beam":
        assert field is None or isinstance(field, UniformAlong)
        rays = to_beam(rays, w, field)
    else:
        plane = np.full(rows.size, float(to))
        rays = straight(rays, plane) if field is None else field.carry(rays, plane)
        w = rays.w
    there = {"x": rays.x, "y": rays.y, "z": rays.z, "px": p * rays.u, "py": p * rays.v, "pz": p * w, "path": rays.path}
    arrived = rays.on_way & np.isfinite(np.stack(list(there.values()))).all(axis=0)
    for name, values in there.items():
        result[name][rows[arrived]] = values[arrived]
    result["reached"][rows[arrived]] = True
    return result | _slopes(result["px"], result["py"], result["pz"])


def _slopes(px: np.ndarray, py: np.ndarray, pz: np.ndarray) -> dict[str, np.ndarray]:
    """px / pz and py / pz, 0 where there is no such number."""
    slopes = {"tx": px / pz, "ty": py / pz}
    return {name: np.where(np.isfinite(values) | np.isnan(pz), values, 0.0) for name, values in slopes.items()}
