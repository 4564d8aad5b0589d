"""open_writer: outputs that are whole or not there at all."""

import json
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, NoReturn, Protocol

import pyarrow as pa

from flashsim.errors import FlashSimError, nearest
from flashsim.files import atomic, explained, refuse_existing

from .output import OutputBatch, OutputSchema
from .parquet_writer import ParquetSink
from .root_writer import RootSink
from .row_groups import RowGroups
from .sqlite_writer import SqliteSink

Format = Literal["parquet", "ttree", "rntuple", "sqlite"]
_SUFFIXES: dict[str, tuple[Format, ...]] = {
    ".parquet": ("parquet",),
    ".root": ("ttree", "rntuple"),
    ".sqlite": ("sqlite",),
    ".db": ("sqlite",),
}


class Sink(Protocol):
    """What writes row groups in one format."""

    def write(self, group: OutputBatch) -> None:
        """Append one row group."""

    def close(self) -> None:
        """Write the end of the file."""


class Writer:
    """Writes events to ``<path>.part``; `close` makes it `path`, `abort` (or an error) removes it.

    As a context manager it closes at the end, or aborts if there was an exception. The bytes depend on the
    events, the schema and the metadata only, not on how the events were cut into batches. `sink` opens what writes
    to a file, `groups` says where that is cut.
    """

    def __init__(
        self, path: Path, schema: OutputSchema, sink: Callable[[Path], Sink], groups: RowGroups | None = None
    ) -> None:
        self.path = path
        self._schema = schema
        self._groups = groups or RowGroups()
        self._files = ExitStack()
        self._sink: Sink | None = None
        refuse_existing(path)
        part = self._files.enter_context(atomic(path))
        try:
            self._sink = sink(part)
        except BaseException as error:
            self._fail(error)

    def write(self, batch: OutputBatch) -> None:
        """Append events."""
        assert self._sink is not None, "a closed writer takes no events"
        self._schema.check(batch)
        try:
            for group in self._groups.add(batch):
                self._sink.write(group)
        except BaseException as error:
            self._fail(error)

    def close(self) -> None:
        """Write what is left, flush to the disk, and give the file its name."""
        if self._sink is None:
            return
        try:
            for group in self._groups.rest():
                self._sink.write(group)
            self._sink.close()
        except BaseException as error:
            self._fail(error)
        self._sink = None
        self._files.close()

    def abort(self) -> None:
        """Remove what was written; nothing to do after `close`."""
        sink, self._sink = self._sink, None
        if sink is not None:
            with suppress(OSError, pa.ArrowException, ValueError):
                sink.close()
        aborted = KeyboardInterrupt()  # any exception makes `atomic` remove the part
        self._files.__exit__(KeyboardInterrupt, aborted, None)

    def _fail(self, error: BaseException) -> NoReturn:
        self.abort()
        if isinstance(error, OSError):
            raise explained(self.path, error) from error
        raise error

    def __enter__(self) -> "Writer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
        else:
            self.abort()


def open_writer(
    path: str | Path, schema: OutputSchema, metadata: Mapping[str, Any], *, format: Format | None = None
) -> Writer:
    """A writer of the format that the name ends with: ``.parquet``, ``.root`` (a TTree; an RNTuple with
    ``format="rntuple"``), ``.sqlite`` or ``.db``. `metadata` is written as JSON under the key ``flashsim``. An output
    that exists is refused.
    """
    path = Path(path)
    kind, text = output_format(path, format), json.dumps(metadata, sort_keys=True)

    def sink(part: Path) -> Sink:
        if kind == "parquet":
            return ParquetSink(part, schema, text)
        return SqliteSink(part, schema, text) if kind == "sqlite" else RootSink(part, schema, text, kind)

    return Writer(path, schema, sink)


def output_format(path: Path, format: Format | None = None) -> Format:
    """What a file of this name holds; FlashSimError when no format, or another one, has such a name."""
    formats = _SUFFIXES.get(path.suffix)
    if formats is None:
        hint = nearest(path.suffix, _SUFFIXES)
        raise FlashSimError(f"{path}: an output is named *.parquet, *.root, *.sqlite or *.db{hint}")
    kind = format or formats[0]
    if kind not in formats:
        raise FlashSimError(f"{path}: a {path.suffix} file cannot hold format {kind!r}, only {' or '.join(formats)}")
    return kind
