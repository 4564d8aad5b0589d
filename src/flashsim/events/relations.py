"""Which object of another list belongs to each object: rules, among them an index in the file, and sums over all."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, final

import numpy as np
from jaxtyping import Bool, Float, Int64, Shaped

from flashsim.card import Expression, summed

from .batch import offsets_from_counts


class Lists(NamedTuple):
    """A column of lists: those of event ``i`` are ``values[offsets[i]:offsets[i + 1]]``."""

    offsets: Int64[np.ndarray, " boundaries"]
    values: Shaped[np.ndarray, " values"]


Numbers = Mapping[str, Shaped[np.ndarray, " events"]]
"""Columns of one value an event, by name."""


@dataclass(frozen=True)
class Partners:
    """For each object its place among the others' values (−1: none), how many it has, and where the one is; for each of
    the others whether it `belongs` to an object.

    ``dr``, ``deta``, ``dphi`` (the other's minus its own) are zero where there is none, and for an index. ``sum`` is
    that of the event, for a rule that has one.
    """

    chosen: Int64[np.ndarray, " objects"]
    count: Int64[np.ndarray, " objects"]
    dr: Float[np.ndarray, " objects"]
    deta: Float[np.ndarray, " objects"]
    dphi: Float[np.ndarray, " objects"]
    belongs: Bool[np.ndarray, " others"]
    sum: Float[np.ndarray, " objects"] | None = None

    @property
    def there(self) -> Bool[np.ndarray, " objects"]:
        """Which objects have one."""
        return self.chosen >= 0


class Relation(ABC):
    """A rule that gives each object one of another list, or none."""

    @property
    @abstractmethod
    def own(self) -> tuple[str, ...]:
        """The columns of the objects themselves that the rule reads."""

    @property
    @abstractmethod
    def others(self) -> tuple[str, ...]:
        """Those of the others, at least one."""

    @property
    def numbers(self) -> tuple[str, ...]:
        """Those of the event."""
        return ()

    @property
    def before(self) -> tuple["Relation", ...]:
        """Rules that take some of the others first, for objects of any list."""
        return ()

    @property
    def columns(self) -> tuple[str, ...]:
        """All of them, and those of the rules before."""
        theirs = (name for rule in self.before for name in rule.columns)
        return tuple(dict.fromkeys((*self.own, *self.others, *self.numbers, *theirs)))

    @abstractmethod
    def partners(
        self,
        lists: Mapping[str, Lists],
        numbers: Numbers,
        own: Int64[np.ndarray, " boundaries"],
    ) -> Partners:
        """The partners of the objects with offsets `own`;"""


@final
@dataclass(frozen=True)
class ByIndex(Relation):
    """Column `index` of the others holds the place of their partner in its event; of several the `rank`-th is taken."""

    index: str
    rank: int = 1

    @property
    def own(self) -> tuple[str, ...]:
        """None."""
        return ()

    @property
    def others(self) -> tuple[str, ...]:
        """The index."""
        return (self.index,)

    def taken(self, lists: Mapping[str, Lists], numbers: Numbers) -> Bool[np.ndarray, " others"]:
        """Which of the others belong to an object, by their place alone: how many objects there are is not asked."""
        return lists[self.index].values.astype(np.int64) >= 0

    def partners(
        self,
        lists: Mapping[str, Lists],
        numbers: Numbers,
        own: Int64[np.ndarray, " boundaries"],
    ) -> Partners:
        """An index beyond the event's objects means none, as a negative one does."""
        offsets, places = lists[self.index]
        event = np.repeat(np.arange(len(own) - 1), np.diff(offsets))
        places = places.astype(np.int64)
        valid = (places >= 0) & (places < np.diff(own)[event])
        target, other = (own[event] + places)[valid], np.flatnonzero(valid)
        count = np.bincount(target, minlength=int(own[-1])).astype(np.int64)
        order = np.argsort(target, kind="stable")
        number = np.arange(len(target)) - np.repeat(offsets_from_counts(count)[:-1], count)
        taken = order[number == self.rank - 1]
        chosen = np.full(len(count), -1, dtype=np.int64)
        chosen[target[taken]] = other[taken]
        nowhere = np.zeros(len(chosen))
        return Partners(chosen, count, nowhere, nowhere, nowhere, valid)


@final
@dataclass(frozen=True)
class SumOf(Relation):
    """No partner, but the sum of the formula `total` over all of the others in the event for which `where` holds.

    Names in both are those of the file: columns of the others, which begin as the first of them does, or numbers of the
    event.
    """

    total: str
    where: str | None = None

    @property
    def own(self) -> tuple[str, ...]:
        """None."""
        return ()

    @property
    def others(self) -> tuple[str, ...]:
        """What the formulas read of them."""
        return summed(self.total, self.where)[1]

    @property
    def numbers(self) -> tuple[str, ...]:
        """What else the condition reads."""
        return tuple(sorted({name for one in self._formulas() for name in one.names} - set(self.others)))

    def partners(
        self,
        lists: Mapping[str, Lists],
        numbers: Numbers,
        own: Int64[np.ndarray, " boundaries"],
    ) -> Partners:
        """Added up in the order of the file, in double precision; 0 without any."""
        offsets = lists[self.others[0]].offsets
        event = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))

        def column(name: str) -> Shaped[np.ndarray, " others"]:
            return numbers[name][event] if name in numbers else lists[name].values

        values, *conditions = (one.evaluate(column, np.array([0, len(event)])) for one in self._formulas())
        values = np.where(conditions[0], values, 0.0) if conditions else values
        sums = np.bincount(event, weights=values.astype(np.float64), minlength=len(offsets) - 1)
        none = np.zeros(int(own[-1]))
        nobody = np.zeros(len(event), dtype=bool)
        return Partners(
            np.full(len(none), -1, dtype=np.int64),
            none.astype(np.int64),
            none,
            none,
            none,
            nobody,
            sums[np.repeat(np.arange(len(own) - 1), np.diff(own))],
        )

    def _formulas(self) -> list[Expression]:
        return [Expression.parse(text) for text in (self.total, self.where) if text is not None]
