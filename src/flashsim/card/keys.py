"""The tables and keys that the schema knows, read off the models: for hints and for the card reference."""

import types
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Union, get_args, get_origin

from flashsim.card.base import CardModel
from flashsim.card.schema import Card


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


def tags(model: type[CardModel]) -> tuple[str, ...]:
    """The values of `family` that choose this table among several."""
    family = model.model_fields.get("family")
    return () if family is None else get_args(family.annotation)


def known_keys(path: Sequence[int | str], chosen: Sequence[int | str] = ()) -> tuple[str, ...]:
    """The keys that may stand in the table at `path` of a card; the user's own names are stepped over.

    Of tables that a family chooses among, those whose family is in `chosen`.
    """
    models: list[type[CardModel]] = [Card]
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
