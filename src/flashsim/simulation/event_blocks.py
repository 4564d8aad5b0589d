"""Blocks of whole events: so many of the input's events each, never dependent on how they are read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Int64

from flashsim.events import EventBatch, TreeRows, read_rows
from flashsim.events.identity import UniqueEvents
from flashsim.events.source import to_identity

EVENTS = 2048
"""A block has so many events, copies included; one event at least, with all its copies."""


@dataclass(frozen=True)
class EventBlock:
    """Whole events, each present once a copy; `copy` numbers the copies of an event from 0.

    `row` is where its first event stands in the file `path`.
    """

    number: int
    rows: TreeRows
    run: Int64[np.ndarray, " events"]
    event: Int64[np.ndarray, " events"]
    copy: Int64[np.ndarray, " events"]
    events_read: int
    path: Path
    row: int


def event_blocks(
    files: Sequence[Path],
    tree: str | None,
    identity: tuple[str, str],
    names: Sequence[str],
    *,
    copies: int = 1,
    first: int | None = None,
    chunk_events: int = 8192,
) -> Iterator[EventBlock]:
    """The events of files with the branches `names`, each so many times; the `first` so many, all for None.

    `identity` names the branches of run and event among them. An event that comes twice is an error.
    """
    size = max(1, EVENTS // copies)
    unique = UniqueEvents()
    held: list[TreeRows] = []
    waiting = number = 0
    place: tuple[Path, int] | None = None
    for path, start, rows in _pieces(files, tree, names, chunk_events, first):
        run, event = (to_identity(rows.numbers[name], name, path) for name in identity)
        unique.add(EventBatch(run, event, np.zeros(rows.length + 1, np.int64), {}), str(path))
        used = 0
        while used < rows.length:
            place = place or (path, start + used)
            taken = min(size - waiting, rows.length - used)
            held.append(rows.slice(used, used + taken))
            waiting, used = waiting + taken, used + taken
            if waiting == size:
                yield _block(number, held, identity, copies, place)
                held, waiting, number, place = [], 0, number + 1, None
    for path in files[-1:]:
        unique.finish(str(path))
    if held and place is not None:
        yield _block(number, held, identity, copies, place)


def _pieces(
    files: Sequence[Path], tree: str | None, names: Sequence[str], chunk_events: int, first: int | None
) -> Iterator[tuple[Path, int, TreeRows]]:
    left = np.inf if first is None else first
    for path in files:
        for start, rows in read_rows(path, tree, names, chunk_events):
            if rows.length >= left:
                yield path, start, rows.slice(0, int(left))
                return
            left -= rows.length
            yield path, start, rows


def _block(
    number: int, held: Sequence[TreeRows], identity: tuple[str, str], copies: int, place: tuple[Path, int]
) -> EventBlock:
    once = TreeRows.concatenate(held)
    rows = once.repeated(copies)
    path, row = place
    run, event = (to_identity(rows.numbers[name], name, path) for name in identity)
    copy = np.tile(np.arange(copies, dtype=np.int64), once.length)
    return EventBlock(number, rows, run, event, copy, once.length, path, row)
