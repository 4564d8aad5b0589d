"""What `flashsim simulate` has written, read back: generated particles and the reconstructed objects of each event."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Shaped

from flashsim.errors import FlashSimError

from .batch import EventBatch
from .read import read_file, rechunk
from .source import ColumnSource

EVENT = ("run", "event")
UNMATCHED = -1


def read_simulated(
    files: Sequence[Path],
    truth: Mapping[str, ColumnSource],
    objects: Mapping[str, ColumnSource],
    link: str,
    fill: Mapping[str, float],
    *,
    chunk_events: int,
) -> Iterator[tuple[EventBatch, Bool[np.ndarray, " objects"], EventBatch]]:
    """Every generated particle with the columns of the object that was written for it, whether one was, and the objects
    that follow no particle.

    `link` is the file's column with the particle's place in its event, -1 for none. Where none was written, columns
    hold `fill`, or not-a-number. The copies of an event that was simulated several times are events of the same number.
    """

    def read(columns: Mapping[str, ColumnSource]) -> Iterator[EventBatch]:
        pieces = (b for i, path in enumerate(files) for b in read_file(path, i, columns, "events", EVENT, chunk_events))
        return rechunk(pieces, chunk_events)

    for particles, written in zip(read(truth), read({**objects, link: ColumnSource(link)}), strict=True):
        unmatched = written.columns[link] == UNMATCHED
        others, written = written.keep(unmatched), written.keep(~unmatched)
        place = written.columns[link].astype(np.int64)
        if np.any((place < 0) | (place >= particles.counts[written.event_index])):
            raise FlashSimError(f"{files[0]}: column {link!r} points to particles that are not in the event; damaged?")
        rows = particles.offsets[written.event_index] + place
        there = np.zeros(particles.n_objects, dtype=bool)
        there[rows] = True
        columns = {name: _spread(written.columns[name], rows, len(there), fill.get(name, np.nan)) for name in objects}
        yield replace(particles, columns={**particles.columns, **columns}), there, others


def _spread(
    values: Shaped[np.ndarray, " written"], rows: Shaped[np.ndarray, " written"], count: int, fill: float
) -> Shaped[np.ndarray, " objects"]:
    column = np.full(count, fill, dtype=np.float64)
    column[rows] = values
    return column
