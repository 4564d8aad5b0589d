"""What the rules of `[related]` find in a sample, and what they leave over."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Shaped

from flashsim.card import SLOT, Card, Related
from flashsim.errors import FlashSimError
from flashsim.events import ColumnSource, read_events
from flashsim.training.sample import relation_of, sample_batches, sample_files, truth_sources


@dataclass(frozen=True)
class Matches:
    """Objects of the card by how many others belong to them, and the others: ``matched`` first, ``duplicated`` after.

    Of `others` the rest is ``unmatched``: simulation makes no such object.
    """

    multiplicity: dict[int, int]
    others: int

    @property
    def matched(self) -> int:
        """The others that are the one of an object."""
        return sum(number for count, number in self.multiplicity.items() if count)

    @property
    def duplicated(self) -> int:
        """The others that belong to an object which has one already."""
        return sum((count - 1) * number for count, number in self.multiplicity.items() if count)

    @property
    def unmatched(self) -> int:
        """The others that belong to no object."""
        return self.others - self.matched - self.duplicated


@dataclass(frozen=True)
class LeftOver:
    """How many objects of a sample follow no generated one: `multiplicity` of events by their number."""

    multiplicity: dict[int, int]

    @property
    def objects(self) -> int:
        """All of them."""
        return sum(number * events for number, events in self.multiplicity.items())


def left_over(card: Card) -> LeftOver:
    """The unmatched objects of a card's sample."""
    assert card.unmatched is not None, "the card has unmatched objects"
    numbers = []
    for part in ("train", "validation", "test"):
        for batch in sample_batches(card, part):
            first = batch.columns[SLOT] == 0
            numbers.append(batch.columns[card.unmatched.number][first])
    multiplicity, events = np.unique(np.concatenate(numbers), return_counts=True)
    return LeftOver(dict(zip(multiplicity.tolist(), events.tolist(), strict=True)))


def matching_rules(card: Card) -> dict[str, Related]:
    """The rules by which others belong to one object: with an `index`, or `once`."""
    return {name: rule for name, rule in card.related.items() if rule.index is not None or rule.once}


def matches(card: Card) -> dict[str, Matches]:
    """For each rule by which others belong to one object (`index`, or `once`), what it finds in the card's sample.

    `sample.where` is not applied: an object that it leaves out may have a partner all the same.
    """
    rules = matching_rules(card)
    if not rules:
        raise FlashSimError("related: no table has an 'index', or is 'once': there is nothing to match")
    files = sorted({file for part in ("train", "validation", "test") for file in sample_files(card, part)})
    own = next(source for source in truth_sources(card).values() if source.relation is None)
    found = {}
    for name, rule in rules.items():
        relation = relation_of(rule)
        assert relation is not None
        counts = _column(card, files, {"own": own, "count": ColumnSource("count", relation=relation)}, "count")
        others = _column(card, files, {"other": ColumnSource(relation.others[0])}, "other")
        multiplicity, number = np.unique(counts, return_counts=True)
        found[name] = Matches(dict(zip(multiplicity.tolist(), number.tolist(), strict=True)), len(others))
    return found


def _column(
    card: Card, files: list[Path], columns: dict[str, ColumnSource], name: str
) -> Shaped[np.ndarray, " values"]:
    run, event = card.sample.event
    batches = read_events(files, columns, tree=card.sample.tree, event=(run, event))
    return np.concatenate([batch.columns[name] for batch in batches])
