"""What a card says of fields and paths, as functions of columns."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Shaped

from flashsim.card import (
    PARTS,
    AnyField,
    BellField,
    Card,
    Expression,
    MapField,
    Propagate,
    UniformField,
    part_name,
)
from flashsim.errors import FlashSimError
from flashsim.propagation.fields import Bell, Field, Kick, UniformAcross, UniformAlong
from flashsim.propagation.map_file import load_grid, with_checksum
from flashsim.propagation.paths import propagate
from flashsim.propagation.rays import KAPPA
from flashsim.propagation.runge_kutta import FieldMap

_METRE = 1000.0  # mm
_MAX_STEPS = 100_000

Columns = Callable[[Expression], Shaped[np.ndarray, " objects"]]


@dataclass(frozen=True)
class Propagation:
    """A table `[propagate.<name>]`: its columns, from those of the objects."""

    card: Card
    name: str
    position: tuple[Expression, ...]
    momentum: tuple[Expression, ...]
    charge: Expression | None

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its columns in formulas."""
        return tuple(part_name(self.name, part) for part in PARTS)

    @property
    def _table(self) -> Propagate:
        return self.card.propagate[self.name]

    def __call__(self, columns: Columns) -> dict[str, Shaped[np.ndarray, " objects"]]:
        """All columns that the table gives, by their names in formulas; `columns` evaluates a formula."""
        position, momentum = (
            np.stack([columns(one).astype(np.float64) for one in three], axis=1)
            for three in (self.position, self.momentum)
        )
        charge = np.zeros(len(position)) if self.charge is None else columns(self.charge).astype(np.float64)
        to: float | Literal["beam"] = self._table.to
        field = None if self._table.field is None else magnetic_field(self.card, self._table.field)
        found = propagate(position, momentum, charge, to, field, backward=self._table.backward)
        return {part_name(self.name, part): values for part, values in found.items()}


def propagations(card: Card) -> tuple[Propagation, ...]:
    """The tables of `[propagate]`."""
    return tuple(
        Propagation(
            card,
            name,
            tuple(map(Expression.parse, table.position)),
            tuple(map(Expression.parse, table.momentum)),
            None if table.charge is None else Expression.parse(table.charge),
        )
        for name, table in card.propagate.items()
    )


def checked_fields(card: Card) -> Card:
    """The card with the checksum of each field map; FlashSimError for a map that cannot be used."""
    for name, table in card.propagate.items():
        field = None if table.field is None else magnetic_field(card, table.field)
        if isinstance(field, FieldMap) and field.outside_is_error and table.to != "beam":
            begin, end = field.extent
            if not begin <= table.to <= end:
                raise FlashSimError(
                    f"propagate.{name}.to = {table.to:g}: the map of [field.{table.field}] is from z = {begin:g} to "
                    f"{end:g} mm, and beyond it is an error (outside = 'error')"
                )
    fields: dict[str, AnyField] = {}
    for name, table in card.magnetic_fields.items():
        magnetic_field(card, name)
        fields[name] = with_checksum(card, table) if isinstance(table, MapField) else table
    return card.model_copy(update={"magnetic_fields": fields})


def magnetic_field(card: Card, name: str) -> Field:
    """The field of `[field.<name>]`; the file of a map is read once."""
    table: AnyField = card.magnetic_fields[name]
    if isinstance(table, MapField):
        return _map(card, name, table)
    if isinstance(table, UniformField):
        bx, by, bz = table.field
        begin, end = table.z or (-np.inf, np.inf)
        return UniformAlong(bz, begin, end) if bz else UniformAcross(bx, by, begin, end)
    if isinstance(table, BellField):
        return Bell(table.integral[0] * _METRE, table.integral[1] * _METRE, table.centre, table.width)
    if table.momentum is not None:
        return Kick(table.z, table.momentum[1] / KAPPA, -table.momentum[0] / KAPPA)
    assert table.integral is not None
    return Kick(table.z, table.integral[0] * _METRE, table.integral[1] * _METRE)


def _map(card: Card, name: str, table: MapField) -> FieldMap:
    grid = load_grid(card, name, table)
    length = grid.last[2] - grid.first[2]
    if length > _MAX_STEPS * table.step:
        raise FlashSimError(
            f"field.{name}.step = {table.step:g}: more than {_MAX_STEPS:,} steps through a map of {length:g} mm; take "
            "larger ones"
        )
    return FieldMap(grid, table.step, f"[field.{name}]", table.scale, table.outside == "error")
