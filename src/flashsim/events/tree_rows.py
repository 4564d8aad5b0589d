"""Rows of a TTree as they stand in the file: numbers and lists, by the names of their branches and in their types."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Shaped

from flashsim.errors import FlashSimError

from .batch import offsets_from_counts
from .relations import Lists

SCHEMA = 1


@dataclass(frozen=True)
class Branch:
    """What a branch holds: the type of its numbers, its title ("" for none of its own), and the branch that says how
    long its lists are (None: it holds one number a row).
    """

    dtype: np.dtype
    title: str = ""
    counter: str | None = None

    @property
    def collection(self) -> str:
        """Whose objects the lists are about: ``Jet`` where the counter is ``nJet``."""
        return "" if self.counter is None else self.counter[1:]


@dataclass(frozen=True)
class TreeRows:
    """Consecutive rows, usually events: `numbers` have one value a row, `lists` one list."""

    length: int
    numbers: Mapping[str, Shaped[np.ndarray, " rows"]] = field(default_factory=dict)
    lists: Mapping[str, Lists] = field(default_factory=dict)

    def slice(self, start: int, stop: int) -> "TreeRows":
        """Rows `start` to `stop` (not included)."""
        stop = min(stop, self.length)
        numbers = {name: values[start:stop] for name, values in self.numbers.items()}
        lists = {}
        for name, (offsets, values) in self.lists.items():
            first, last = int(offsets[start]), int(offsets[stop])
            lists[name] = Lists(offsets[start : stop + 1] - first, values[first:last])
        return TreeRows(stop - start, numbers, lists)

    def repeated(self, times: int) -> "TreeRows":
        """Each row so many times, one after the other."""
        if times == 1:
            return self
        numbers = {name: np.repeat(values, times) for name, values in self.numbers.items()}
        lists = {}
        for name, (offsets, values) in self.lists.items():
            counts = np.repeat(np.diff(offsets), times)
            starts = offsets_from_counts(counts)
            rows = np.arange(starts[-1]) + np.repeat(np.repeat(offsets[:-1], times) - starts[:-1], counts)
            lists[name] = Lists(starts, values[rows])
        return TreeRows(self.length * times, numbers, lists)

    @staticmethod
    def concatenate(parts: Sequence["TreeRows"]) -> "TreeRows":
        """The rows of several (at least one, all with the same branches), one after the other."""
        if len(parts) == 1:
            return parts[0]
        numbers = {name: np.concatenate([part.numbers[name] for part in parts]) for name in parts[0].numbers}
        lists = {}
        for name in parts[0].lists:
            counts = np.concatenate([np.diff(part.lists[name].offsets) for part in parts])
            values = np.concatenate([part.lists[name].values for part in parts])
            lists[name] = Lists(offsets_from_counts(counts), values)
        return TreeRows(sum(part.length for part in parts), numbers, lists)


def branches_to_json(branches: Mapping[str, Branch]) -> str:
    """Branches as they are kept in a release: name to type, title and counter."""
    listed = {name: [one.dtype.name, one.title, one.counter] for name, one in branches.items()}
    return json.dumps({"schema": SCHEMA, "branches": listed}, indent=1, ensure_ascii=False)


def branches_from_json(path: Path) -> dict[str, Branch]:
    """Read them back; FlashSimError naming the file if it is not what was written."""
    try:
        content: Any = json.loads(path.read_bytes())
        if content["schema"] != SCHEMA:
            raise FlashSimError(f"{path}: schema {content['schema']} is not known to this version; update FlashSim")
        return {
            name: Branch(np.dtype(kind), title, counter) for name, (kind, title, counter) in content["branches"].items()
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FlashSimError(f"{path}: is not what FlashSim wrote ({error})") from None
