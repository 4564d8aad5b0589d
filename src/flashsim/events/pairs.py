"""Pairs of objects of the same event, one of each of two lists, and the choice among them."""

from dataclasses import dataclass, fields

import numpy as np
from jaxtyping import Bool, Float, Int64, Shaped


@dataclass(frozen=True)
class Pairs:
    """Pairs by the places of both; `deta`, `dphi` and `dr` are the other's place as seen from its partner's."""

    event: Int64[np.ndarray, " pairs"]
    own: Int64[np.ndarray, " pairs"]
    other: Int64[np.ndarray, " pairs"]
    dr: Float[np.ndarray, " pairs"]
    deta: Float[np.ndarray, " pairs"]
    dphi: Float[np.ndarray, " pairs"]

    def keep(self, chosen: Shaped[np.ndarray, " some"]) -> "Pairs":
        """Some of them, by a mask or by their places."""
        return Pairs(*(getattr(self, field.name)[chosen] for field in fields(self)))

    def at(
        self,
        eta: Shaped[np.ndarray, " objects"],
        phi: Shaped[np.ndarray, " objects"],
        other_eta: Shaped[np.ndarray, " others"],
        other_phi: Shaped[np.ndarray, " others"],
    ) -> "Pairs":
        """The same pairs, with where their members are."""
        deta = other_eta[self.other].astype(np.float64) - eta[self.own]
        dphi = wrapped(other_phi[self.other].astype(np.float64) - phi[self.own])
        return Pairs(self.event, self.own, self.other, np.hypot(deta, dphi), deta, dphi)


def wrapped(angle: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
    """Angles between −π and π; those that are stay what they are, to the bit."""
    return angle - 2 * np.pi * np.round(angle / (2 * np.pi))


def all_pairs(
    own: Int64[np.ndarray, " boundaries"], others: Int64[np.ndarray, " boundaries"], kept: Bool[np.ndarray, " others"]
) -> Pairs:
    """Every object with every one of the others in its event that is `kept`; nowhere yet."""
    places = np.flatnonzero(kept)
    starts = np.searchsorted(places, others)  # of the kept ones, by event
    events = np.repeat(np.arange(len(own) - 1), np.diff(own))
    partners = np.diff(starts)[events]
    first = np.repeat(np.arange(len(events)), partners)
    within = np.arange(len(first)) - np.repeat(np.cumsum(partners) - partners, partners)
    second = places[starts[events[first]] + within]
    nowhere = np.zeros(len(first))
    return Pairs(events[first], first, second, nowhere, nowhere, nowhere)


def ranked(pairs: Pairs, rank: int) -> Pairs:
    """For each object the pair that is `rank`-th in distance; equal distances in the order of the file."""
    ordered = pairs.keep(np.lexsort((pairs.other, pairs.dr, pairs.own)))
    starts = np.flatnonzero(np.diff(ordered.own, prepend=-1))
    place = np.arange(len(ordered.own)) - np.repeat(starts, np.diff(np.append(starts, len(ordered.own))))
    return ordered.keep(place == rank - 1)


def first_come(pairs: Pairs) -> Pairs:
    """Pairs in the order of distance, each object and each of the others in one of them at most.

    Two that are each other's nearest are a pair in any order of making them: they are taken, and what is left is
    looked at again, until nothing is. Each round makes at least the closest pair.
    """
    taken: list[Pairs] = []
    left = pairs
    while len(left.own):
        mine = ranked(left, 1)
        backwards = Pairs(left.event, left.other, left.own, left.dr, left.deta, left.dphi)
        theirs = ranked(backwards, 1)
        favourite = np.full(int(theirs.own.max()) + 1, -1, dtype=np.int64)
        favourite[theirs.own] = theirs.other
        made = mine.keep(favourite[mine.other] == mine.own)
        taken.append(made)
        left = left.keep(~np.isin(left.own, made.own) & ~np.isin(left.other, made.other))
    return pairs.keep(np.zeros(0, dtype=np.int64)) if not taken else _joined(taken)


def _joined(parts: list[Pairs]) -> Pairs:
    return Pairs(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Pairs)))
