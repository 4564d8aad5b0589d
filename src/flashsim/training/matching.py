"""What the rules of `[related]` find in a sample, and what they leave over."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Shaped

from flashsim.card import SLOT, Card, Related
from flashsim.errors import FlashSimError
from flashsim.events import LEFT_OVER, ColumnSource, read_events
from flashsim.training.sample import relation_of, sample_batches, sample_files, truth_sources


@dataclass(frozen=True)
class Matches:
    """Objects of the card by how many others belong to them, and the others: ``matched`` first, ``duplicated`` after.

    Of `others`, those that no rule before has taken, the rest is ``unmatched``: simulation makes no such object.
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
    """The rules by which others belong to one object of the card: with an `index`, or `once`.

    One that is only there for what another rule goes without is about objects of any list.
    """
    columns = [*card.columns.values(), *card.reconstructed.values()]
    asked = {column.of for column in columns} | {card.unmatched.of if card.unmatched is not None else None}
    helping = {other for rule in card.related.values() for other in rule.without} - asked
    return {
        name: rule
        for name, rule in card.related.items()
        if (rule.index is not None or rule.once) and name not in helping
    }


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
    for name in rules:
        relation = relation_of(name, card.related)
        columns = {"own": own, "count": ColumnSource("count", relation=relation)}
        columns[LEFT_OVER] = ColumnSource(LEFT_OVER, relation=relation)
        counts, left = _columns(card, files, columns)
        multiplicity, number = np.unique(counts, return_counts=True)
        by_count = dict(zip(multiplicity.tolist(), number.tolist(), strict=True))
        found[name] = Matches(by_count, int(counts.sum()) + left)
    return found


def _columns(
    card: Card, files: list[Path], columns: dict[str, ColumnSource]
) -> tuple[Shaped[np.ndarray, " objects"], int]:
    """How many belong to each object, and how many to none."""
    run, event = card.sample.event
    batches = list(read_events(files, columns, tree=card.sample.tree, event=(run, event)))
    left = np.concatenate([batch.columns[LEFT_OVER] for batch in batches])
    return np.concatenate([batch.columns["count"] for batch in batches])[~left], int(left.sum())
