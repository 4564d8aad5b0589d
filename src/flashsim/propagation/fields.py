"""Magnetic fields in which a path is known in closed form: a kick, a uniform field, a bell."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cache
from typing import final

import numpy as np
from scipy.special import ndtr

from flashsim.propagation.rays import LEAST_COSINE, Column, Rays, straight

_NODES = 48
_BELL = 7.0  # widths from the centre of a bell beyond which its integral is zero to 1e-12 of the whole


class Field(ABC):
    """A magnetic field (T)."""

    @abstractmethod
    def carry(self, rays: Rays, to: Column) -> Rays:
        """The particles at z = `to`, a number a particle."""


class Magnet(Field):
    """A field that is zero outside of `extent`, a range in z (mm)."""

    @property
    @abstractmethod
    def extent(self) -> tuple[float, float]:
        """Where it begins and where it ends."""

    def carry(self, rays: Rays, to: Column) -> Rays:
        """Straight on to the field, through it, and straight on."""
        down = to >= rays.z
        begin, end = self.extent
        low, high = np.minimum(rays.z, to), np.maximum(rays.z, to)
        entry = np.clip(np.where(down, begin, end), low, high)
        leave = np.clip(np.where(down, end, begin), low, high)
        return straight(self.through(straight(rays, entry), leave), to)

    @abstractmethod
    def through(self, rays: Rays, to: Column) -> Rays:
        """The particles at z = `to`, all of whose way there lies within the field's extent."""


@final
@dataclass(frozen=True)
class Kick(Field):
    """All of a field in one plane: its integrals ∫Bx dz and ∫By dz (T mm) at `z` (mm)."""

    z: float
    along_x: float
    along_y: float

    def carry(self, rays: Rays, to: Column) -> Rays:
        """Straight to the plane, a kick, straight on. One that is born in the plane, going downstream, gets none."""
        crosses = (rays.z < self.z) & (self.z <= to)
        returns = (to < self.z) & (self.z <= rays.z)
        there = straight(rays, np.where(crosses | returns, self.z, rays.z))
        kick = np.where(crosses, rays.bend, np.where(returns, -rays.bend, 0.0))
        return straight(there.turned(rays.u - kick * self.along_y, rays.v + kick * self.along_x), to)


@final
@dataclass(frozen=True)
class UniformAlong(Magnet):
    """A uniform field (T) along z, as in a solenoid: helices."""

    strength: float
    begin: float = -np.inf
    end: float = np.inf

    @property
    def extent(self) -> tuple[float, float]:
        """The ends of the solenoid."""
        return self.begin, self.end

    def through(self, rays: Rays, to: Column) -> Rays:
        """A helix to the plane: pz does not change."""
        return self.turn(rays, (to - rays.z) / rays.w, to)

    def turn(self, rays: Rays, path: Column, to: Column) -> Rays:
        """A helix of this length of path, which ends at z = `to`."""
        angle = rays.bend * self.strength * path
        sine, cosine = np.sin(angle), np.cos(angle)
        along = np.sinc(angle / np.pi)
        across = np.sin(angle / 2) * np.sinc(angle / (2 * np.pi))  # (1 - cos a) / a, exact for small a
        x = rays.x + path * (rays.u * along + rays.v * across)
        y = rays.y + path * (rays.v * along - rays.u * across)
        moved = rays.moved(x, y, to, path)
        return moved.turned(rays.u * cosine + rays.v * sine, rays.v * cosine - rays.u * sine)


@final
@dataclass(frozen=True)
class UniformAcross(Magnet):
    """A uniform field (T) across the beam, as in a dipole with sharp ends: circles in the plane across it."""

    strength_x: float
    strength_y: float
    begin: float = -np.inf
    end: float = np.inf

    @property
    def extent(self) -> tuple[float, float]:
        """The ends of the magnet."""
        return self.begin, self.end

    def through(self, rays: Rays, to: Column) -> Rays:
        """A circle around the field, whose chord has the mean of the directions at its ends."""
        strength = np.hypot(self.strength_x, self.strength_y)
        bx, by = self.strength_x / strength, self.strength_y / strength
        depth = to - rays.z
        along = rays.u * bx + rays.v * by
        across = rays.u * by - rays.v * bx
        change = -rays.bend * strength * depth
        turned = rays.turned(rays.u + by * change, rays.v - bx * change)
        w, w_after, after = rays.w, turned.w, across + change
        chord = depth * (across + after) / (w + w_after)
        angle = np.arctan2(after, np.abs(w_after)) - np.arctan2(across, np.abs(w))
        arc = np.hypot(depth, chord) / np.sinc(angle / (2 * np.pi))
        path = np.sign(depth) * rays.sense * arc / np.hypot(across, w)
        x = rays.x + by * chord + bx * along * path
        y = rays.y - bx * chord + by * along * path
        return turned.moved(x, y, to, path)


@final
@dataclass(frozen=True)
class Bell(Magnet):
    """A field across the beam that depends on z alone, as a Gaussian: its integrals (T mm), centre and width (mm).

    Directions follow from the integral of the field, exactly; positions are Gauss-Legendre integrals of slopes that
    are known, with 48 nodes.
    """

    along_x: float
    along_y: float
    centre: float
    width: float

    @property
    def extent(self) -> tuple[float, float]:
        """Seven widths to both sides: what is beyond bends nothing by more than 1e-12 of the whole."""
        return self.centre - _BELL * self.width, self.centre + _BELL * self.width

    def through(self, rays: Rays, to: Column) -> Rays:
        """Integrals over z of the slopes, which are those of u and v over the root of what is left of 1."""
        depth = to - rays.z
        first, length = (rays.z - self.centre) / self.width, depth / self.width
        before = ndtr(first)
        by, bx = rays.bend * self.along_y, rays.bend * self.along_x
        path, bent = np.zeros_like(depth), np.zeros_like(depth)
        for node, weight in zip(*_nodes(), strict=True):
            share = ndtr(first + node * length) - before
            u, v = rays.u - by * share, rays.v + bx * share
            step = weight / np.sqrt(np.maximum(1.0 - u * u - v * v, LEAST_COSINE**2))
            path += step
            bent += step * share
        path *= rays.sense * depth
        bent *= rays.sense * depth
        x, y = rays.x + rays.u * path - by * bent, rays.y + rays.v * path + bx * bent
        share = ndtr(first + length) - before
        return rays.moved(x, y, to, path).turned(rays.u - by * share, rays.v + bx * share)


@cache
def _nodes() -> tuple[np.ndarray, np.ndarray]:
    node, weight = np.polynomial.legendre.leggauss(_NODES)
    return 0.5 * (node + 1), 0.5 * weight
