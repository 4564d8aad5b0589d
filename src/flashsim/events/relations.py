"""Which object of another list belongs to each object: by an index in the file, or as the nearest in η and φ."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, final

import numpy as np
from jaxtyping import Bool, Float, Int64, Shaped

from flashsim.card import Expression, summed

from .pairs import Pairs, all_pairs, first_come, ranked


class Lists(NamedTuple):
    """A column of lists: those of event ``i`` are ``values[offsets[i]:offsets[i + 1]]``."""

    offsets: Int64[np.ndarray, " boundaries"]
    values: Shaped[np.ndarray, " values"]


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
    def columns(self) -> tuple[str, ...]:
        """All of them."""
        return (*self.own, *self.others, *self.numbers)

    @abstractmethod
    def partners(
        self,
        lists: Mapping[str, Lists],
        numbers: Mapping[str, Shaped[np.ndarray, " events"]],
        own: Int64[np.ndarray, " boundaries"],
    ) -> Partners:
        """The partners of the objects with offsets `own`; `numbers` are columns of one value an event."""


@final
@dataclass(frozen=True)
class ByIndex(Relation):
    """Column `index` of the others holds the place of their partner in its event; of several the first is taken."""

    index: str

    @property
    def own(self) -> tuple[str, ...]:
        """None."""
        return ()

    @property
    def others(self) -> tuple[str, ...]:
        """The index."""
        return (self.index,)

    def partners(
        self,
        lists: Mapping[str, Lists],
        numbers: Mapping[str, Shaped[np.ndarray, " events"]],
        own: Int64[np.ndarray, " boundaries"],
    ) -> Partners:
        """An index beyond the event's objects means none, as a negative one does."""
        offsets, places = lists[self.index]
        event = np.repeat(np.arange(len(own) - 1), np.diff(offsets))
        places = places.astype(np.int64)
        valid = (places >= 0) & (places < np.diff(own)[event])
        target, other = (own[event] + places)[valid], np.flatnonzero(valid)
        chosen = np.full(int(own[-1]), -1, dtype=np.int64)
        chosen[target[::-1]] = other[::-1]  # what is assigned last stays: the first
        nowhere = np.zeros(len(chosen))
        count = np.bincount(target, minlength=len(chosen)).astype(np.int64)
        return Partners(chosen, count, nowhere, nowhere, nowhere, valid)


@final
@dataclass(frozen=True)
class Nearest(Relation):
    """The nearest of the others within `radius` for which `where` holds, or the one of another `rank`.

    `nearest` and `to` name the columns of η and φ, of the others and of the objects. Names in `where` are those of
    the file: columns of either, which begin as theirs of η does, or numbers of the event. No object is its own
    neighbour. With `once` each of the others has one object at most, the closest pairs being made first.
    """

    nearest: tuple[str, str]
    to: tuple[str, str]
    radius: float
    rank: int = 1
    once: bool = False
    where: str | None = None

    @property
    def own(self) -> tuple[str, ...]:
        """η, φ, and what the condition reads."""
        return (*self.to, *self._named(_beginning(self.to[0])))

    @property
    def others(self) -> tuple[str, ...]:
        """The same of theirs."""
        return (*self.nearest, *self._named(_beginning(self.nearest[0])))

    @property
    def numbers(self) -> tuple[str, ...]:
        """What else the condition reads."""
        beginnings = (_beginning(self.to[0]), _beginning(self.nearest[0]))
        return tuple(name for name in self._named("") if not name.startswith(beginnings))

    def partners(
        self,
        lists: Mapping[str, Lists],
        numbers: Mapping[str, Shaped[np.ndarray, " events"]],
        own: Int64[np.ndarray, " boundaries"],
    ) -> Partners:
        """All pairs of an event are tried, after what the others alone decide."""
        offsets = lists[self.nearest[0]].offsets
        every = np.arange(int(offsets[-1]))
        nowhere = np.zeros(len(every))
        event = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
        alone, together = self._conditions()
        kept = self._holds(alone, lists, numbers, Pairs(event, every, every, nowhere, nowhere, nowhere))
        pairs = all_pairs(own, offsets, kept)
        if self.nearest == self.to:
            pairs = pairs.keep(pairs.own != pairs.other)
        pairs = pairs.at(*(lists[name].values for name in (*self.to, *self.nearest)))
        pairs = pairs.keep(pairs.dr < self.radius)
        pairs = pairs.keep(self._holds(together, lists, numbers, pairs))
        if self.once:
            made = first_come(pairs)
            return _chosen(made, _how_many(made, own), len(every))
        return _chosen(ranked(pairs, self.rank), _how_many(pairs, own), len(every))

    def _named(self, beginning: str) -> tuple[str, ...]:
        names = () if self.where is None else sorted(Expression.parse(self.where).names)
        return tuple(name for name in names if name.startswith(beginning))

    def _conditions(self) -> tuple[list[Expression], list[Expression]]:
        """Conditions on the others alone, which thin them before there are pairs, and conditions on pairs."""
        parts = [] if self.where is None else Expression.parse(self.where).conditions()
        mine = () if self.nearest == self.to else self.own
        alone = [part for part in parts if not part.names & set(mine)]
        return alone, [part for part in parts if part not in alone]

    def _holds(
        self,
        parts: list[Expression],
        lists: Mapping[str, Lists],
        numbers: Mapping[str, Shaped[np.ndarray, " events"]],
        pairs: Pairs,
    ) -> Bool[np.ndarray, " pairs"]:
        others = set(self.others)

        def column(name: str) -> Shaped[np.ndarray, " pairs"]:
            if name in numbers:
                return numbers[name][pairs.event]
            return lists[name].values[pairs.other if name in others else pairs.own]

        found = np.ones(len(pairs.own), dtype=bool)
        for part in parts:
            found &= part.evaluate(column, np.array([0, len(found)])).astype(bool)
        return found


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
        numbers: Mapping[str, Shaped[np.ndarray, " events"]],
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


def _how_many(pairs: Pairs, own: Int64[np.ndarray, " boundaries"]) -> Int64[np.ndarray, " objects"]:
    return np.bincount(pairs.own, minlength=int(own[-1])).astype(np.int64)


def _beginning(eta: str) -> str:
    """What the columns of a collection begin with: ``GenJet_`` for ``GenJet_eta``."""
    return eta[: -len("eta")] if eta.lower().endswith("eta") else eta.rpartition("_")[0] + "_"


def _chosen(pairs: Pairs, count: Int64[np.ndarray, " objects"], others: int) -> Partners:
    chosen = np.full(len(count), -1, dtype=np.int64)
    chosen[pairs.own] = pairs.other
    placed = []
    for values in (pairs.dr, pairs.deta, pairs.dphi):
        column = np.zeros(len(count))
        column[pairs.own] = values
        placed.append(column)
    dr, deta, dphi = placed
    return Partners(chosen, count, dr, deta, dphi, np.isin(np.arange(others), pairs.other))
