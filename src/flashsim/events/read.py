"""read_events: events from any file that we know, in batches of a size of the caller's choice."""

import gzip
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from glob import glob
from itertools import count
from pathlib import Path

from flashsim.errors import FlashSimError

from .batch import EventBatch
from .hepmc_archive import is_archive, read_archive
from .hepmc_reader import read_hepmc
from .identity import UniqueEvents
from .parquet_reader import read_parquet
from .root_reader import read_root
from .source import ColumnSource, missing_column, with_defaults
from .sqlite_reader import HEAD as SQLITE
from .sqlite_reader import read_sqlite

BATCH_OBJECTS = 1 << 16
"""A batch is full with so many, however few its events: a thousand large ones fill the memory, and make others wait."""


def read_events(
    paths: str | Path | Sequence[str | Path],
    columns: Mapping[str, ColumnSource] | None = None,
    *,
    tree: str | None = None,
    event: tuple[str, str] = ("run", "event"),
    chunk_events: int = 1000,
    together: bool = False,
) -> Iterator[EventBatch]:
    """The events of files, in the order given (a pattern with ``*`` in the order of names).

    The format is told by the first bytes of a file: ROOT (TTree or RNTuple, `tree` its name), Parquet, SQLite that
    FlashSim wrote, or HepMC text, plain, gzip, or in a tar archive. Every batch has `chunk_events` events, whatever the
    files, but the last, and those of large events: with 65,536 objects it is full. Empty events are kept.
    ``(run, event)`` come from the two columns `event`, or as `read_hepmc` says, and an event that comes twice is an
    error. `columns` None reads all columns of numbers (of lists, if the file has any).
    HepMC files have their own names and units (see `read_hepmc`): there `columns` are found by our names,
    their source only gives defaults for what HepMC lacks. With `together` all collisions of a HepMC file are one
    event, a bunch crossing.
    """
    if chunk_events < 1:
        raise FlashSimError(f"chunk_events = {chunk_events}: a batch holds at least one event")
    files = expand(paths)
    batches = _checked(files, columns, tree, event, chunk_events, together=together)
    return rechunk(batches, chunk_events, full_with=BATCH_OBJECTS)


def expand(paths: str | Path | Sequence[str | Path]) -> list[Path]:
    """The files that paths and patterns stand for; none at all, or a folder, is an error."""
    files: list[Path] = []
    for given in [paths] if isinstance(paths, str | Path) else paths:
        path = Path(given)
        if path.is_dir():
            raise FlashSimError(f"{path}: is a folder; name its files, for instance {path}/*.parquet")
        if path.exists():
            files.append(path)
        elif any(sign in str(given) for sign in "*?["):
            matches = [Path(match) for match in sorted(glob(str(given), recursive=True))]
            matches = [match for match in matches if not match.is_dir()]
            if not matches:
                raise FlashSimError(f"{given}: no file matches this pattern")
            files.extend(matches)
        else:
            raise FlashSimError(f"{path}: no such file")
    if not files:
        raise FlashSimError("no files to read events from")
    return files


def _checked(
    files: Iterable[Path],
    columns: Mapping[str, ColumnSource] | None,
    tree: str | None,
    event: tuple[str, str],
    chunk_events: int,
    *,
    together: bool,
) -> Iterator[EventBatch]:
    unique = UniqueEvents()
    where = ""
    runs = count()
    for path in files:
        where = str(path)
        for batch in _of_file(path, runs, columns, tree, event, chunk_events, together=together):
            unique.add(batch, where)
            yield batch
    unique.finish(where)


def _of_file(
    path: Path,
    runs: Iterator[int],
    columns: Mapping[str, ColumnSource] | None,
    tree: str | None,
    event: tuple[str, str],
    chunk_events: int,
    *,
    together: bool,
) -> Iterator[EventBatch]:
    """The events of one file, or of all files in one archive; `runs` are the numbers of those that have none."""
    if is_archive(_head(path)):
        batches = read_archive(path, runs, chunk_events, together=together)
        return (_chosen(batch, columns, path) for batch in batches)
    return read_file(path, next(runs), columns, tree, event, chunk_events, together=together)


def read_file(
    path: Path,
    index: int,
    columns: Mapping[str, ColumnSource] | None,
    tree: str | None,
    event: tuple[str, str],
    chunk_events: int,
    *,
    together: bool = False,
) -> Iterator[EventBatch]:
    """The events of one file, `index` its place among several, in pieces of any size."""
    head = _head(path)
    if head.startswith(b"root"):
        return read_root(path, columns, tree, event)
    if head.startswith(b"PAR1"):
        return read_parquet(path, columns, event)
    if head.startswith(SQLITE):
        return read_sqlite(path, columns, event)
    if b"HepMC::" in head:
        return (_chosen(batch, columns, path) for batch in read_hepmc(path, index, chunk_events, together=together))
    raise FlashSimError(
        f"{path}: {'an empty file' if not head else 'its first bytes are those of no known format'}; FlashSim reads "
        "ROOT (TTree, RNTuple), Parquet, SQLite of its own, and HepMC2 or HepMC3 text, plain, gzip, or in a tar archive"
    )


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            head = file.read(1024)
        if head.startswith(b"\x1f\x8b"):
            with gzip.open(path, "rb") as file:
                head = file.read(1024)
    except (OSError, EOFError, zlib.error) as error:
        raise FlashSimError(f"{path}: cannot be read ({error})") from error
    return head


def _chosen(batch: EventBatch, columns: Mapping[str, ColumnSource] | None, path: Path) -> EventBatch:
    """Events of a source that knows its own names and units: the columns asked, by our names."""
    if columns is None:
        return batch
    for name, source in columns.items():
        if name not in batch.columns and source.default is None:
            raise missing_column(name, batch.columns, path)
    return replace(batch, columns=with_defaults(batch.columns, columns, batch.n_objects))


def rechunk(batches: Iterable[EventBatch], chunk_events: int, *, full_with: int | None = None) -> Iterator[EventBatch]:
    """The same events in batches of so many, but the last, and those that are full with so many objects before."""
    held: list[EventBatch] = []
    n_held = 0
    for batch in batches:
        start = 0
        while n_held + batch.n_events - start >= chunk_events:
            stop = start + chunk_events - n_held
            yield EventBatch.concatenate([*held, batch.slice(start, stop)])
            held, n_held, start = [], 0, stop
        if start < batch.n_events:
            held.append(batch.slice(start, batch.n_events))
            n_held += batch.n_events - start
        if full_with is not None and sum(piece.n_objects for piece in held) >= full_with:
            yield EventBatch.concatenate(held)
            held, n_held = [], 0
    if held:
        yield EventBatch.concatenate(held)
