"""Whole events out of pieces of flat tables, whose cuts fall anywhere."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Int64, Shaped

from flashsim.errors import FlashSimError

from .batch import EventBatch, event_starts


@dataclass(frozen=True)
class FlatRows:
    """A piece of a flat table: one row an object, the rows of an event consecutive."""

    run: Int64[np.ndarray, " rows"]
    event: Int64[np.ndarray, " rows"]
    columns: dict[str, Shaped[np.ndarray, " rows"]]

    def rows(self, start: int, stop: int) -> "FlatRows":
        """Rows `start` to `stop` (not included)."""
        columns = {name: values[start:stop] for name, values in self.columns.items()}
        return FlatRows(self.run[start:stop], self.event[start:stop], columns)

    def joined(self, after: "FlatRows") -> "FlatRows":
        """These rows, then those of `after`."""
        columns = {name: np.concatenate([values, after.columns[name]]) for name, values in self.columns.items()}
        return FlatRows(np.concatenate([self.run, after.run]), np.concatenate([self.event, after.event]), columns)

    def to_batch(self) -> EventBatch:
        """The events in these rows."""
        return EventBatch.from_flat(self.run, self.event, self.columns)


def whole_events(pieces: Iterable[FlatRows]) -> Iterator[EventBatch]:
    """The events of consecutive pieces; one that goes on in the next piece is kept whole."""
    held: FlatRows | None = None
    for new in pieces:
        piece = new if held is None else held.joined(new)
        if len(piece.run) == 0:
            continue
        last = int(event_starts(piece.run, piece.event)[-1])
        if last > 0:
            yield piece.rows(0, last).to_batch()
        held = piece.rows(last, len(piece.run))
    if held is not None:
        yield held.to_batch()


def mixed_error(path: Path, scalars: Iterable[str], lists: Iterable[str]) -> FlashSimError:
    """The error for columns with one value a row beside columns with a list a row."""
    return FlashSimError(
        f"{path}: {', '.join(sorted(scalars))} have one value a row but {', '.join(sorted(lists))} a list a row; "
        "the columns read together must be all flat (one row an object) or all lists (one row an event)"
    )


def unequal_error(
    path: Path, first: str, second: str, first_offsets: np.ndarray, second_offsets: np.ndarray, row: int
) -> FlashSimError:
    """The error for two list columns whose lists differ in length."""
    lengths, others = np.diff(first_offsets), np.diff(second_offsets)
    bad = int(np.flatnonzero(lengths != others)[0])
    return FlashSimError(
        f"{path}: at row {row + bad} column {first!r} has {lengths[bad]} values and {second!r} has {others[bad]}; "
        "columns read together describe the same objects and must have equal lengths"
    )
