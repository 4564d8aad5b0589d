"""A card of collections from TOML, checked collection by collection and against each other."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from flashsim.card.event_card import EventCard, branch_of, written_as
from flashsim.card.expressions import Expression
from flashsim.card.messages import explain
from flashsim.card.read import COLLECTION, card_of_file, check_version, read_toml
from flashsim.card.related import OF_THE_PAIR, Related
from flashsim.card.sample import Column
from flashsim.card.schema import Card
from flashsim.errors import FlashSimError, nearest


def read_any_card(path: str | Path) -> Card | EventCard:
    """A card, or a card of collections, by what stands in the file."""
    path = Path(path)
    data = read_toml(path)
    return event_card_from_dict(data, str(path), path) if COLLECTION in data else card_of_file(data, path)


def read_event_card(path: str | Path) -> EventCard:
    """Read and check a card of collections; FlashSimError says what is wrong in it and how to mend it."""
    path = Path(path)
    return event_card_from_dict(read_toml(path), str(path), path)


def event_card_from_dict(data: dict[str, Any], origin: str = "card", path: Path | None = None) -> EventCard:
    """Check a card of collections; `origin` is the file named in error messages, `path` the one it was read from."""
    try:
        check_version(data)
        card = EventCard.read_from(data, path)
        _check(card)
    except ValidationError as error:
        raise FlashSimError(f"{origin}: {explain(error, data, EventCard)}") from None
    except FlashSimError as error:
        raise FlashSimError(f"{origin}: {error}") from None
    return card


def _check(card: EventCard) -> None:
    parts = [each.output.name for each in card.collections.values()]
    names = list(dict.fromkeys(parts))
    earlier: list[str] = []
    for name, each in card.collections.items():
        for key, column in _read_before_drawn(each):
            drawn = next((other for other in names if column.startswith(branch_of(other, ""))), None)
            whole = drawn is not None and earlier.count(drawn) == parts.count(drawn)
            another_part = drawn == each.output.name and drawn in earlier
            if drawn is not None and not whole and not another_part:
                raise FlashSimError(
                    f"{COLLECTION}.{name}.{key}: {column!r} is drawn by [{COLLECTION}.{drawn}], which is not earlier "
                    "in the file, or not all of it; move that collection up, or leave the column out"
                )
        earlier.append(each.output.name)
    written = {written_as(each, column) for each in card.collections.values() for column in each.output.columns}
    for link, how in card.event.links.items():
        key = f"event.links.{link}"
        if link in written:
            raise FlashSimError(f"{key}: a collection writes this column itself; leave it out of one")
        if not link.startswith(tuple(branch_of(name, "") for name in names)):
            raise FlashSimError(f"{key}: begins with no collection's name and _; there are {', '.join(names)}")
        if how.inverse not in written:
            raise FlashSimError(
                f"{key}.inverse = {how.inverse!r}: no collection writes this column{nearest(how.inverse, written)}"
            )


def _read_before_drawn(card: Card) -> Iterator[tuple[str, str]]:
    """What simulation reads of a file, with the key that asks for it: truth, and what rules need to find it."""
    for name, column in card.columns.items():
        for source in _columns_of_file(name, column, card.related):
            yield f"columns.{name}", source


def _columns_of_file(name: str, column: Column, rules: Mapping[str, Related]) -> Iterator[str]:
    if column.source not in OF_THE_PAIR:
        yield column.source or name
    if column.of is not None:
        yield from _columns_of_rule(rules[column.of], rules)


def _columns_of_rule(rule: Related, rules: Mapping[str, Related]) -> Iterator[str]:
    yield from (*([rule.index] if rule.index else []), *(rule.nearest or ()), *(rule.to or ()))
    for formula in (rule.total, rule.where):
        yield from sorted(Expression.parse(formula).names if formula else ())
    for name in rule.without:
        yield from _columns_of_rule(rules[name], rules)
