"""Events from HepMC2 and HepMC3 text, plain or gzip: each record (one collision) is one event, or each file."""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from jaxtyping import Int64

from flashsim.errors import FlashSimError

from . import hepmc2_reader, hepmc3_reader
from .batch import EventBatch, offsets_from_counts
from .hepmc_columns import columns
from .hepmc_records import Records
from .hepmc_scan import HepMCRecords, open_hepmc, scan
from .source import ColumnSource, to_internal

_PIECE = 1 << 22
"""Letters of HepMC2 that are parsed together, or one record: their words take several times as much memory."""


def read_hepmc(path: Path, run: int, chunk_events: int, *, together: bool = False) -> Iterator[EventBatch]:
    """The records of one file, in its order, with every particle of the record as an object.

    With `together` the file is one event, as the collisions of one bunch crossing are, with the number 0.

    Identity: `run` is the position of the file in the list that is read, whatever the file says, so that
    files that all count from 1 do not share random numbers. `event` is the number in the file when all its
    numbers are different and none is negative; else the position of the record in the file, from 0. The
    number in the file is kept as column ``event_number``.

    Columns in GeV, mm and ns: pid, status, stable (no end vertex), mother (place in the event of the first
    particle that goes into the production vertex, -1 without), px, py, pz, energy, mass, and vx, vy, vz, vt of
    the production vertex (for a particle without one, as a beam, the event's position). Of LHCb's conventions
    signal (the particle of status 889, and all that comes of it); collision (place of the record in the event),
    and pvx, pvy, pvz, pvt, where the particle's collision was (see `hepmc_graph`).
    Particles are in the order of the file.
    """
    try:
        records = scan(path)
        numbers = records.numbers
        own = len(np.unique(numbers)) == len(numbers) and bool(np.all(numbers >= 0))
        identity = numbers if own else np.arange(len(numbers), dtype=np.int64)
        pieces = _pieces(path, records, chunk_events)
        if together and len(numbers):
            whole = Records.joined(list(pieces))
            yield _batch(whole, run, np.zeros(1, np.int64), numbers, path, 0, together=True)
            return
        first = 0
        for piece in pieces:
            stop = first + len(piece.particles)
            yield _batch(piece, run, identity[first:stop], numbers[first:stop], path, first, together=False)
            first = stop
    except (OSError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise FlashSimError(f"{path}: not a whole gzip file, or damaged ({error}); copy it again") from error
    except RuntimeError as error:
        raise FlashSimError(f"{path}: not readable as HepMC ({error})") from error


def _pieces(path: Path, records: HepMCRecords, size: int) -> Iterator[Records]:
    """The records of a file, so many at a time, checked against what the scan saw of them."""
    with open_hepmc(path) as text:
        if records.version == 2:
            text.read(int(records.starts[0]))
            first, starts = 0, records.starts
            while first < len(records.numbers):
                fitting = int(np.searchsorted(starts, starts[first] + _PIECE, side="right")) - 1
                stop = min(first + size, max(first + 1, fitting), len(records.numbers))
                yield _parsed(text.read(int(starts[stop] - starts[first])), path, records, first, stop)
                first = stop
            return
        held: list[Records] = []
        for index, (number, record) in enumerate(hepmc3_reader.parse(text, len(records.numbers))):
            if number != records.numbers[index] or len(record.pid) != records.particles[index]:
                raise FlashSimError(
                    f"{path}: record {index} (event {records.numbers[index]}) has {records.particles[index]} lines of "
                    f"particles, of which {len(record.pid)} could be read: the record is damaged"
                )
            held.append(record)
            if len(held) == size or index + 1 == len(records.numbers):
                yield Records.joined(held)
                held = []


def _parsed(text: bytes, path: Path, records: HepMCRecords, first: int, stop: int) -> Records:
    """Records of HepMC2; of several, the one that is damaged is looked for only when one is."""
    try:
        found = hepmc2_reader.parse(text)
        if len(found.particles) != stop - first:
            raise ValueError("a line of an event has no number")
        return found
    except ValueError as error:
        if stop - first == 1:
            name = f"record {first} (event {records.numbers[first]})"
            raise FlashSimError(f"{path}: {name} is damaged: {error}") from error
        start = records.starts[first]
        for index in range(first, stop):
            piece = slice(int(records.starts[index] - start), int(records.starts[index + 1] - start))
            _parsed(text[piece], path, records, index, index + 1)
        raise FlashSimError(f"{path}: records {first} to {stop - 1} are damaged: {error}") from error


def _batch(
    records: Records,
    run: int,
    identity: Int64[np.ndarray, " events"],
    numbers: Int64[np.ndarray, " records"],
    path: Path,
    first: int,
    *,
    together: bool,
) -> EventBatch:
    counts = records.particles.astype(np.int64)
    offsets = offsets_from_counts(counts)
    if together:
        offsets = offsets[[0, -1]]
    values = columns(records, together=together)
    for name, of_name in values.items():
        to_internal(of_name, ColumnSource(name), path, first, offsets)
    values["event_number"] = np.repeat(numbers[:1], counts.sum()) if together else np.repeat(numbers, counts)
    return EventBatch(np.full(len(identity), run, dtype=np.int64), identity, offsets, values)
