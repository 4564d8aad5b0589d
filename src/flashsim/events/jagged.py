"""A piece of a table with one row an event: lists of objects, of others that belong to them, and numbers of events."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from jaxtyping import Int64, Shaped

from flashsim.card import OF_THE_PAIR
from flashsim.errors import FlashSimError

from .batch import EventBatch
from .flat import unequal_error
from .left_over import asks_for_rows, with_left_over
from .nearest import Nearest
from .relations import Lists, Numbers, Partners, Relation
from .source import LEFT_OVER, ColumnSource, to_identity, to_internal, with_defaults


def names_to_read(event: tuple[str, str], found: Mapping[str, ColumnSource]) -> list[str]:
    """Every column of the file that is needed, once."""
    return list(dict.fromkeys([*event, *(name for source in found.values() for name in source.needs)]))


def events_of_lists(
    lists: Mapping[str, tuple[Int64[np.ndarray, " boundaries"], Shaped[np.ndarray, " values"]]],
    numbers: Numbers,
    event: tuple[str, str],
    columns: Mapping[str, ColumnSource],
    path: Path,
) -> EventBatch:
    """The events of columns that are in memory already: lists with their offsets, and one number an event.

    `columns` are found there as in a file, `path`, which messages name; each must be there.
    """
    run, number = (to_identity(numbers[name], name, path) for name in event)
    of_objects = {name: Lists(*one) for name, one in lists.items()}
    return jagged_batch(run, number, of_objects, numbers, columns, columns, path, 0)


def jagged_batch(
    run: Int64[np.ndarray, " events"],
    event: Int64[np.ndarray, " events"],
    lists: Mapping[str, Lists],
    numbers: Numbers,
    found: Mapping[str, ColumnSource],
    wanted: Mapping[str, ColumnSource],
    path: Path,
    row: int,
) -> EventBatch:
    """The events of a piece that starts at `row`; a number of an event is given to each of its objects.

    Where all columns that are not of others are numbers of the event, it has one object.
    """
    offsets = _offsets(lists, found, path, row, len(run))
    owner = np.repeat(np.arange(len(run)), np.diff(offsets))
    partners: dict[Relation, Partners] = {}
    values: dict[str, np.ndarray] = {}
    for name, source in found.items():
        if (relation := source.relation) is not None:
            if relation not in partners:
                _check_rule(relation, lists, offsets, path, row)
                partners[relation] = relation.partners(lists, numbers, offsets)
            values[name] = _related(source, partners[relation], lists, offsets, path, row)
        elif source.name in lists:
            values[name] = to_internal(lists[source.name].values, source, path, row, offsets)
        else:
            values[name] = to_internal(numbers[source.name], source, path, row)[owner]
    batch = EventBatch(run, event, offsets, with_defaults(values, wanted, int(offsets[-1])))
    rule = asks_for_rows(found)
    return batch if rule is None else with_left_over(batch, rule, partners[rule], lists, numbers, wanted, path, row)


def _offsets(
    lists: Mapping[str, Lists], found: Mapping[str, ColumnSource], path: Path, row: int, events: int
) -> Int64[np.ndarray, " boundaries"]:
    """Those of the objects themselves, which all their columns must have; where all are numbers of the event, it is
    one object an event.
    """
    plain = [source.name for source in found.values() if source.relation is None]
    own = [name for name in plain if name in lists]
    if plain and not own:
        return np.arange(events + 1, dtype=np.int64)
    if not own:
        raise FlashSimError(
            f"{path}: {', '.join(source.name for source in found.values())}: none of these is a list of the objects "
            "themselves; read at least one with them"
        )
    for name in own[1:]:
        _require_equal(own[0], lists[own[0]].offsets, name, lists, path, row)
    return lists[own[0]].offsets


def _check_rule(
    relation: Relation, lists: Mapping[str, Lists], own: Int64[np.ndarray, " boundaries"], path: Path, row: int
) -> None:
    """The columns that a rule reads are lists, those of each collection of equal lengths, and numbers of the event."""
    for name in (*relation.own, *relation.others):
        _require_list(name, lists, path)
    for name in relation.numbers:
        if name in lists:
            raise FlashSimError(
                f"{path}: column {name!r} is a list, of neither of the collections that a rule of [related] is about; "
                "only theirs and numbers of the event can stand in its formulas"
            )
    for name in relation.own:
        _require_equal("the objects", own, name, lists, path, row)
    theirs = lists[relation.others[0]].offsets
    for name in relation.others[1:]:
        _require_equal(relation.others[0], theirs, name, lists, path, row)
    for rule in relation.before:
        _require_list(rule.columns[0], lists, path)
        _check_rule(rule, lists, lists[rule.columns[0]].offsets, path, row)
        _require_equal(relation.others[0], theirs, rule.others[0], lists, path, row)


def _require_list(name: str, lists: Mapping[str, Lists], path: Path) -> None:
    if name not in lists:
        raise FlashSimError(
            f"{path}: column {name!r} has one value an event; a rule of [related] is about lists of objects"
        )


def _require_equal(
    first: str, offsets: Int64[np.ndarray, " boundaries"], name: str, lists: Mapping[str, Lists], path: Path, row: int
) -> None:
    if not np.array_equal(lists[name].offsets, offsets):
        raise unequal_error(path, first, name, offsets, lists[name].offsets, row)


def _related(
    source: ColumnSource,
    partners: Partners,
    lists: Mapping[str, Lists],
    own: Int64[np.ndarray, " boundaries"],
    path: Path,
    row: int,
) -> Shaped[np.ndarray, " objects"]:
    """A column of the partners, the default where there is none."""
    if source.name == LEFT_OVER:
        return np.zeros(len(partners.chosen), dtype=bool)
    if source.name == "count":
        return partners.count
    if source.name == "index":
        return _places(source, partners, lists, own)
    if partners.sum is not None:
        return to_internal(partners.sum, source, path, row, own)
    if source.name in OF_THE_PAIR:
        return np.where(partners.there, getattr(partners, source.name), _without_partner(source))
    _require_list(source.name, lists, path)
    assert source.relation is not None
    theirs = source.relation.others[0]
    _require_equal(theirs, lists[theirs].offsets, source.name, lists, path, row)
    content = lists[source.name].values
    if len(content) == 0:
        return np.full(len(partners.chosen), _without_partner(source))
    chosen = to_internal(content[np.maximum(partners.chosen, 0)], source, path, row, own)
    return np.where(partners.there, chosen, np.asarray(_without_partner(source)).astype(chosen.dtype))


def _places(
    source: ColumnSource, partners: Partners, lists: Mapping[str, Lists], own: Int64[np.ndarray, " boundaries"]
) -> Int64[np.ndarray, " objects"]:
    """The place of each partner in its event's list."""
    assert source.relation is not None
    first = lists[source.relation.others[0]].offsets[np.repeat(np.arange(len(own) - 1), np.diff(own))]
    return np.where(partners.there, partners.chosen - first, -1 if source.default is None else int(source.default))


def _without_partner(source: ColumnSource) -> float:
    """What stands for an object that has none: what the card says, else the radius for a distance, else 0."""
    if source.default is not None:
        return source.default
    return source.relation.radius if source.name == "dr" and isinstance(source.relation, Nearest) else 0
