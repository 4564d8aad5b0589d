"""Which object of another list belongs to each object: the nearest in η and φ."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import numpy as np
from jaxtyping import Bool, Int64, Shaped

from flashsim.card import Expression

from .pairs import Pairs, all_pairs, first_come, ranked
from .relations import ByIndex, Lists, Numbers, Partners, Relation


@final
@dataclass(frozen=True)
class Nearest(Relation):
    """The nearest of the others within `radius` for which `where` holds, or the one of another `rank`.

    `nearest` and `to` name the columns of η and φ, of the others and of the objects. Names in `where` are those of
    the file: columns of either, which begin as theirs of η does, or numbers of the event. No object is its own
    neighbour. With `once` each of the others has one object at most, the closest pairs being made first. What
    belongs to an object by a rule of `without`, be it of another list than the objects, is not looked at.
    """

    nearest: tuple[str, str]
    to: tuple[str, str]
    radius: float
    rank: int = 1
    once: bool = False
    where: str | None = None
    without: tuple["ByIndex | Nearest", ...] = ()

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

    @property
    def before(self) -> tuple[Relation, ...]:
        """Those of `without`."""
        return self.without

    def taken(self, lists: Mapping[str, Lists], numbers: Numbers) -> Bool[np.ndarray, " others"]:
        """Which of the others belong to an object, by this rule or one before."""
        return self.partners(lists, numbers, lists[self.to[0]].offsets).belongs

    def partners(
        self,
        lists: Mapping[str, Lists],
        numbers: Numbers,
        own: Int64[np.ndarray, " boundaries"],
    ) -> Partners:
        """All pairs of an event are tried, after what the others alone decide.

        Of those that a rule before has taken it is said that they belong to an object.
        """
        offsets = lists[self.nearest[0]].offsets
        every = np.arange(int(offsets[-1]))
        nowhere = np.zeros(len(every))
        event = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
        alone, together = self._conditions()
        taken = np.zeros(len(every), dtype=bool)
        for rule in self.without:
            taken |= rule.taken(lists, numbers)
        kept = ~taken & self._holds(alone, lists, numbers, Pairs(event, every, every, nowhere, nowhere, nowhere))
        pairs = all_pairs(own, offsets, kept)
        if self.nearest == self.to:
            pairs = pairs.keep(pairs.own != pairs.other)
        pairs = pairs.at(*(lists[name].values for name in (*self.to, *self.nearest)))
        pairs = pairs.keep(pairs.dr < self.radius)
        pairs = pairs.keep(self._holds(together, lists, numbers, pairs))
        if self.once:
            made = first_come(pairs)
            return _chosen(made, _how_many(made, own), taken)
        return _chosen(ranked(pairs, self.rank), _how_many(pairs, own), taken)

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
        numbers: Numbers,
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


def _how_many(pairs: Pairs, own: Int64[np.ndarray, " boundaries"]) -> Int64[np.ndarray, " objects"]:
    return np.bincount(pairs.own, minlength=int(own[-1])).astype(np.int64)


def _beginning(eta: str) -> str:
    """What the columns of a collection begin with: ``GenJet_`` for ``GenJet_eta``."""
    return eta[: -len("eta")] if eta.lower().endswith("eta") else eta.rpartition("_")[0] + "_"


def _chosen(pairs: Pairs, count: Int64[np.ndarray, " objects"], taken: Bool[np.ndarray, " others"]) -> Partners:
    chosen = np.full(len(count), -1, dtype=np.int64)
    chosen[pairs.own] = pairs.other
    placed = []
    for values in (pairs.dr, pairs.deta, pairs.dphi):
        column = np.zeros(len(count))
        column[pairs.own] = values
        placed.append(column)
    dr, deta, dphi = placed
    return Partners(chosen, count, dr, deta, dphi, taken | np.isin(np.arange(len(taken)), pairs.other))
