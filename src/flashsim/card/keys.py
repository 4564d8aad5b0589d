"""The tables and keys that the schema knows, read off the models: for hints and for the card reference."""

import types
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Union, get_args, get_origin

from flashsim.card.base import CardModel


def models_in(annotation: Any) -> Iterator[type[CardModel]]:
    """The tables that a field may hold, whether itself, in a list, in a mapping or as one of several."""
    if isinstance(annotation, type) and issubclass(annotation, CardModel):
        yield annotation
    elif get_origin(annotation) in (Union, types.UnionType, list, dict, tuple):
        for argument in get_args(annotation):
            yield from models_in(argument)
    elif get_origin(annotation) is Annotated:
        yield from models_in(get_args(annotation)[0])


def is_mapping(annotation: Any) -> bool:
    """Whether a field holds a table whose keys the user chooses."""
    if get_origin(annotation) in (Union, types.UnionType, Annotated):
        return any(is_mapping(argument) for argument in get_args(annotation))
    return get_origin(annotation) is dict


def keys_of(model: type[CardModel]) -> dict[str, Any]:
    """The fields of a table by their key in TOML."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


CHOOSERS = ("family", "shape")
"""Keys whose value chooses one table among several."""


def tags(model: type[CardModel]) -> tuple[str, ...]:
    """The values of its key that choose this table among several."""
    return get_args(model.model_fields[chooser(model)].annotation) if chooser(model) else ()


def chooser(model: type[CardModel]) -> str:
    """The key that chooses this table among several; empty where there is only this one."""
    return next((key for key in CHOOSERS if key in model.model_fields), "")


def known_keys(card: type[CardModel], path: Sequence[int | str], chosen: Sequence[int | str] = ()) -> tuple[str, ...]:
    """The keys that may stand in the table at `path` of a `card`; the user's own names are stepped over.

    Of tables that a family or a shape chooses among, those whose value is in `chosen`.
    """
    models: list[type[CardModel]] = [card]
    chosen_by_user = False
    for part in path:
        if isinstance(part, int):
            continue
        if chosen_by_user:
            chosen_by_user = False
            continue
        fields = [keys_of(model)[part] for model in models if part in keys_of(model)]
        models = [inner for field in fields for inner in models_in(field.annotation)]
        chosen_by_user = any(is_mapping(field.annotation) for field in fields)
    models = [model for model in models if not tags(model) or set(tags(model)) & set(chosen)]
    return tuple(key for model in models for key in keys_of(model))
