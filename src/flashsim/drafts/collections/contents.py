"""What a file of collections holds: lists and numbers by name, and those that describe the same objects."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Int64, Shaped

from flashsim.drafts.table import Table
from flashsim.events import ColumnSource, EventBatch, events_of_lists


@dataclass(frozen=True)
class Contents:
    """The columns of a file, and the events that they are of."""

    table: Table
    event: tuple[str, str]
    _values: dict[str, Shaped[np.ndarray, " values"]] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        """The file."""
        return self.table.path

    @property
    def numbers(self) -> list[str]:
        """Columns of one value an event."""
        return self.table.numbers

    @cached_property
    def offsets(self) -> dict[str, Int64[np.ndarray, " boundaries"]]:
        """Of each list, where its events begin; the same array for all that agree."""
        return {name: offsets for offsets, names in self.table.groups for name in names}

    def has(self, *names: str) -> bool:
        """Whether these are lists of objects of the same kind."""
        return all(name in self.offsets and self.offsets[name] is self.offsets[names[0]] for name in names)

    def of(self, prefixes: Iterable[str], like: str) -> dict[str, str]:
        """Names of the lists that are as long as that of `like`, by what comes after a prefix."""
        return {
            name.removeprefix(prefix): name
            for prefix in prefixes
            for name in self.offsets
            if name.startswith(prefix) and self.offsets[name] is self.offsets[like]
        }

    def numbers_of(self, prefix: str) -> dict[str, str]:
        """Names of the numbers of an event, by what comes after the prefix."""
        return {name.removeprefix(prefix): name for name in self.numbers if name.startswith(prefix)}

    def is_finite(self, name: str) -> bool:
        """Whether a column has numbers only."""
        values = self.values(name)
        return values.dtype.kind != "f" or bool(np.isfinite(values).all())

    def values(self, name: str) -> Shaped[np.ndarray, " values"]:
        """The numbers of a column, read once."""
        if name not in self._values:
            self._values[name] = self.table.values(name)
        return self._values[name]

    def read(self, sources: Mapping[str, ColumnSource]) -> EventBatch:
        """All events of the file, by the code that reads files for training and simulation."""
        needed = [*self.event, *(name for source in sources.values() for name in source.needs)]
        lists = {name: (self.offsets[name], self.values(name)) for name in needed if name in self.offsets}
        numbers = {name: self.values(name) for name in needed if name in self.numbers}
        return events_of_lists(lists, numbers, self.event, sources, self.path)

    def size(self, name: str) -> int:
        """How many objects a list has in all events."""
        return int(self.offsets[name][-1])
