"""Paths of particles: to a plane or to the beam, straight or through a magnetic field."""

from flashsim.propagation.field_map import Grid
from flashsim.propagation.fields import Bell, Field, Kick, UniformAcross, UniformAlong
from flashsim.propagation.map_file import load_grid, map_copy, save_grid
from flashsim.propagation.of_card import Propagation, checked_fields, magnetic_field, propagations
from flashsim.propagation.paths import propagate
from flashsim.propagation.runge_kutta import FieldMap

__all__ = [
    "Bell",
    "Field",
    "FieldMap",
    "Grid",
    "Kick",
    "Propagation",
    "UniformAcross",
    "UniformAlong",
    "checked_fields",
    "load_grid",
    "magnetic_field",
    "map_copy",
    "propagate",
    "propagations",
    "save_grid",
]
