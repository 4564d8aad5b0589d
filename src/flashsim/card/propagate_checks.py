"""Whether tables of `[propagate]` and `[field]` fit the card, and each other."""

import re

from flashsim.card.expressions import Expression
from flashsim.card.fields import MapField, UniformField
from flashsim.card.names import Names
from flashsim.card.propagate import Propagate
from flashsim.card.schema import Card
from flashsim.card.units import factor, internal_unit
from flashsim.errors import FlashSimError, nearest

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def check_propagation(names: Names) -> None:
    """Refuse a table of `[propagate]` with a formula or a field that is not known, or a question without an answer."""
    for name, table in names.card.propagate.items():
        for part, text in table.formulas.items():
            key = f"propagate.{name}.{part}"
            names.check_known(Expression.parse(text, key), key)
        if table.field is not None:
            _check_field(names.card, f"propagate.{name}", table, table.field)
    for name, field in names.card.magnetic_fields.items():
        if not _NAME.fullmatch(name):  # it is the name of a file in a release
            raise FlashSimError(f"field.{name}: a name begins with a letter and holds only letters, digits and _")
        if isinstance(field, MapField):
            for key, unit, kind in (("length", field.length, "mm"), ("unit", field.unit, "tesla")):
                _check_unit(f"field.{name}.{key}", unit, kind)


def _check_unit(key: str, unit: str, kind: str) -> None:
    what = {"mm": "a length, as 'mm', 'cm' or 'm'", "tesla": "of a magnetic field, as 'T' or 'gauss'"}[kind]
    try:
        factor(unit)
    except FlashSimError as error:
        raise FlashSimError(f"{key} = {unit!r}: {error}") from None
    if internal_unit(unit) != kind:
        raise FlashSimError(f"{key} = {unit!r}: the unit must be {what}")


def _check_field(card: Card, key: str, table: Propagate, field: str) -> None:
    fields = card.magnetic_fields
    if field not in fields:
        raise FlashSimError(
            f"{key}.field = {field!r}: there is no table [field.{field}]{nearest(field, fields)}; there are "
            f"{', '.join(fields) or 'none'}"
        )
    chosen = fields[field]
    along = isinstance(chosen, UniformField) and chosen.field[2] != 0 and chosen.z is None
    if table.to == "beam" and not along:
        raise FlashSimError(
            f"{key}.to = 'beam': the closest point is known for straight lines (leave 'field' and 'charge' out) and "
            f"for a uniform field along z without ends, not for [field.{field}]"
        )
