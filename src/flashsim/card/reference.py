"""The card's reference for the documentation, written from the schema itself so that it cannot go stale."""

import inspect
import types
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from flashsim.card.base import CardModel
from flashsim.card.event_card import EventCard, Link, WholeEvent
from flashsim.card.functions import FUNCTIONS
from flashsim.card.keys import chooser, is_mapping, keys_of, models_in, tags
from flashsim.card.schema import Card
from flashsim.card.units import UNITS

_TYPES = {str: "text", int: "whole number", float: "number", bool: "true or false"}


def card_reference() -> str:
    """Every table and key of a card as Markdown: type, default and meaning, the functions and the units."""
    sections = ["# Card reference", inspect.cleandoc(_INTRODUCTION)]
    sections += [_table(model, key) for model, key in _described_once(_tables(Card, ""))]
    sections += [
        _table(EventCard, "", "A card of collections"),
        _table(WholeEvent, "event"),
        _table(Link, "event.links.<name>"),
    ]
    functions = [(f"`{name}`", function.arity, function.meaning) for name, function in FUNCTIONS.items()]
    sections += [
        "## Formulas",
        inspect.cleandoc(_FORMULAS),
        _markdown(("function", "takes", "gives"), functions),
    ]
    units = [(f"`{name}`", f"{value:.10g}") for name, value in UNITS.items()]
    sections += ["## Units", inspect.cleandoc(_UNITS), _markdown(("unit", "in internal units"), units)]
    return "\n\n".join(sections) + "\n"


_INTRODUCTION = """
A card is a TOML file. Each table below lists its keys; a key that is not listed is an error.
"""
_FORMULAS = """
`+ - * / % **`, comparisons (also in chains, `2 < eta < 5`), `& | ~` for and, or and not of conditions, each
in brackets, and the functions below. Everything is computed in double precision, one value an object. A
number stands for a condition when it is not zero.
"""
_UNITS = """
Inside FlashSim everything is in GeV, mm, ns, tesla and radians. Units are multiplied, divided and raised to
whole powers, as in `mm^2`, `1/GeV` or `mm*mrad`; an empty text means no unit.
"""


def _tables(model: type[CardModel], key: str) -> Iterator[tuple[type[CardModel], str]]:
    yield model, key
    for name, field in keys_of(model).items():
        step = f"{key}.{name}" if key else name
        for inner in models_in(field.annotation):
            yield from _tables(inner, f"{step}.<name>" if is_mapping(field.annotation) else step)


def _described_once(tables: Iterable[tuple[type[CardModel], str]]) -> Iterator[tuple[type[CardModel], str]]:
    """A family of models that may stand in several places, only in the first of them."""
    families = set()
    for model, key in tables:
        if model not in families:
            yield model, key
        families |= {model} if tags(model) else set()


def _table(model: type[CardModel], key: str, whole: str = "The card itself") -> str:
    repeated = get_origin(dict(_fields_by_key()).get(key)) is list
    title = f"`[[{key}]]`" if repeated else f"`[{key}]`" if key else whole
    title += f", {chooser(model)} " * bool(tags(model)) + ", ".join(f"`{tag}`" for tag in tags(model))
    rows = [
        (f"`{name}`", _type_name(field.annotation), _default(field), field.description or "")
        for name, field in keys_of(model).items()
    ]
    text = inspect.getdoc(model) or ""
    return f"## {title}\n\n{text}\n\n" + _markdown(("key", "type", "default", "meaning"), rows)


def _fields_by_key() -> Iterator[tuple[str, Any]]:
    for model, key in _tables(Card, ""):
        for name, field in keys_of(model).items():
            yield (f"{key}.{name}" if key else name), field.annotation


def _type_name(annotation: Any) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if annotation in _TYPES:
        return _TYPES[annotation]
    if origin is Annotated:
        return _type_name(arguments[0])
    if origin is Literal:
        return ", ".join(f"`{value}`" for value in arguments)
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(_type_name(one) for one in arguments if one is not type(None)))
    if origin is list:
        return f"list of {_plural(_type_name(arguments[0]))}"
    if origin is tuple:
        return f"{len(arguments)} × {_type_name(arguments[0])}"
    if origin is dict:
        return "tables by name" if arguments[1] == dict[str, Any] else f"table: name = {_type_name(arguments[1])}"
    return "table"


def _plural(name: str) -> str:
    return name if name == "text" else f"{name}s"


def _default(field: FieldInfo) -> str:
    extra = field.json_schema_extra
    if isinstance(extra, dict) and "filled_in" in extra:
        return str(extra["filled_in"])
    if field.is_required():
        return "*must be given*"
    default = field.get_default(call_default_factory=True, validated_data={})
    if isinstance(default, CardModel):
        return "its defaults"
    if default is None or default == {}:
        return "none"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    shown = list(default) if isinstance(default, tuple) else default
    return f"`{shown!r}`".replace("'", '"')


def _markdown(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
