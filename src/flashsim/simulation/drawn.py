"""What the collections of a block of events have drawn, as branches that the next ones read."""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Int64, Shaped

from flashsim.card import Link, branch_of
from flashsim.events import Branch, Collection, Lists
from flashsim.events.batch import offsets_from_counts
from flashsim.simulation.own_places import moved

SORTED_BY = "pt"
BEFORE = "place before others came"


@dataclass
class Drawn:
    """Collections and numbers of the event by their names in the file; they grow as one detector follows another."""

    branches: Mapping[str, Branch]
    collections: dict[str, Collection] = field(default_factory=dict)
    numbers: dict[str, Shaped[np.ndarray, " events"]] = field(default_factory=dict)
    own_places: dict[str, frozenset[str]] = field(default_factory=dict)

    def add(self, name: str, new: Collection, own_places: Set[str] = frozenset()) -> None:
        """Objects of a collection, put together with those that it has; hardest first where they have a ``pt``.

        The columns `own_places`, of these and of those that come later, are places among those that it had before.
        """
        known = self.collections.get(name)
        self.own_places[name] = self.own_places.get(name, frozenset()) | own_places
        if known is None:
            self.collections[name] = in_order(new)
            return
        before = np.arange(int(known.offsets[-1]))
        marked = Collection(known.offsets, {**known.columns, BEFORE: before})
        these = in_order(together(marked, new))
        columns, event = dict(these.columns), _events(these)
        before = columns.pop(BEFORE)
        now = np.empty(int(known.offsets[-1]), dtype=np.int64)
        now[before[before >= 0]] = (np.arange(len(before)) - these.offsets[event])[before >= 0]
        for column in self.own_places[name] & columns.keys():
            columns[column] = moved(columns[column], event, known.offsets, now)
        self.collections[name] = Collection(these.offsets, columns)

    @property
    def lists(self) -> dict[str, Lists]:
        """Everything drawn that is a list, by the names of branches."""
        return {
            branch_of(name, column): Lists(these.offsets, values)
            for name, these in self.collections.items()
            for column, values in these.columns.items()
        }

    @property
    def counters(self) -> dict[str, Int64[np.ndarray, " events"]]:
        """How many objects of each collection an event has."""
        return {f"n{name}": np.diff(these.offsets) for name, these in self.collections.items()}

    def filled(self, events: int) -> int:
        """How many of so many events have anything."""
        if self.numbers:
            return events
        return int(np.count_nonzero(sum(self.counters.values())))

    def link_back(self, name: str, link: Link) -> None:
        """Add the branch `name`: for each object the place of the one that points to it by ``link.inverse``."""
        own, _, column = name.partition("_")
        other, _, index = link.inverse.partition("_")
        target, source = self.collections[own], self.collections[other]
        places = inverse(source.columns[index], source.offsets, target.offsets, link.rank)
        columns = {**target.columns, column: self.typed(name, places)}
        self.collections[own] = Collection(target.offsets, columns)

    def typed(self, name: str, values: Shaped[np.ndarray, " n"], *, whole: bool = True) -> Shaped[np.ndarray, " n"]:
        """Values in the type of their branch in the sample; else int32 of whole numbers, and float32.

        What no stage drew is -1 in integers with a sign, 0 in others. Values beyond a type become its first or last.
        """
        known = self.branches.get(name)
        dtype: np.dtype = np.dtype(np.int32 if whole else np.float32) if known is None else known.dtype
        if dtype.kind == "f":
            return values.astype(dtype)
        missing = -1 if dtype.kind == "i" else 0
        numbers = np.where(np.isfinite(values), values, missing)
        if dtype.kind == "b":
            return numbers != 0
        limits = np.iinfo(dtype.name)
        return np.clip(np.rint(numbers), limits.min, limits.max).astype(dtype)


def in_order(these: Collection) -> Collection:
    """The objects of each event by falling pt; those of one pt stay as they are, as do those without it."""
    if SORTED_BY not in these.columns:
        return these
    order = np.lexsort((-these.columns[SORTED_BY].astype(np.float64), _events(these)))
    return Collection(these.offsets, {name: values[order] for name, values in these.columns.items()})


def together(first: Collection, second: Collection) -> Collection:
    """The objects of both, those of the first before those of the second in each event.

    A column that one of them lacks is a link into another list: -1.
    """
    order = np.argsort(np.concatenate([_events(first), _events(second)]), kind="stable")
    columns = {}
    for name in dict.fromkeys([*first.columns, *second.columns]):
        known = (first if name in first.columns else second).columns[name].dtype
        parts = [
            one.columns[name] if name in one.columns else np.full(int(one.offsets[-1]), -1).astype(known)
            for one in (first, second)
        ]
        columns[name] = np.concatenate(parts)[order]
    return Collection(first.offsets + second.offsets, columns)


def inverse(
    index: Shaped[np.ndarray, " pointing"],
    pointing: Int64[np.ndarray, " boundaries"],
    targets: Int64[np.ndarray, " boundaries"],
    rank: int,
) -> Int64[np.ndarray, " targets"]:
    """For each target the place in its event of the object that points to it, by `index`, as the `rank`-th; -1 without.

    Objects of event ``i`` are ``pointing[i]:pointing[i + 1]``, their targets ``targets[i]:targets[i + 1]``.
    """
    event = np.repeat(np.arange(len(pointing) - 1), np.diff(pointing))
    places = index.astype(np.int64)
    valid: Bool[np.ndarray, " pointing"] = (places >= 0) & (places < np.diff(targets)[event])
    rows = np.flatnonzero(valid)
    target = (targets[event] + places)[rows]
    order = np.argsort(target, kind="stable")
    target, rows = target[order], rows[order]
    starts = np.flatnonzero(np.diff(target, prepend=-1))
    number = np.arange(len(target)) - np.repeat(starts, np.diff(np.append(starts, len(target))))
    chosen = number == rank - 1
    found = np.full(int(targets[-1]), -1, dtype=np.int64)
    found[target[chosen]] = rows[chosen] - pointing[event[rows[chosen]]]
    return found


def gathered(rows: Bool[np.ndarray, " objects"], event: Int64[np.ndarray, " objects"], events: int) -> np.ndarray:
    """The boundaries of the events when only some of their objects are left."""
    return offsets_from_counts(np.bincount(event[rows], minlength=events).astype(np.int64))


def _events(these: Collection) -> Int64[np.ndarray, " objects"]:
    return np.repeat(np.arange(len(these.offsets) - 1), np.diff(these.offsets))
