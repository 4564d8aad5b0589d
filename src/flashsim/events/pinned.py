"""ROOT files whose bytes follow from what is in them: without the time of writing, a UUID, or their own name."""

import datetime
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, BinaryIO

import uproot
import uproot.writing._cascade
import uproot.writing._cascadentuple
import uproot.writing._cascadetree
import uproot.writing.writable

_lock = threading.Lock()
_DATED: tuple[Any, ...] = (
    uproot.writing._cascade,
    uproot.writing._cascadentuple,
    uproot.writing._cascadetree,
    uproot.writing.writable,
)


def new_root_file(stream: BinaryIO) -> Any:
    """An empty ROOT file, to be used within `pinned_time`."""
    return uproot.recreate(stream, uuid_function=lambda: uuid.UUID(int=0), compression=uproot.ZSTD(1))


@contextmanager
def pinned_root(stream: BinaryIO) -> Iterator[Any]:
    """A new ROOT file that is written within this context, and whole behind it."""
    with pinned_time(), new_root_file(stream) as file:
        yield file


class _FirstDay(datetime.datetime):
    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> "_FirstDay":
        return cls(1995, 1, 1, tzinfo=tz)


@contextmanager
def pinned_time() -> Iterator[None]:
    """uproot takes the time of writing from the clock and cannot be told another: its clock is replaced."""
    clock = SimpleNamespace(datetime=_FirstDay)
    with _lock:
        for module in _DATED:
            module.datetime = clock
        try:
            yield
        finally:
            for module in _DATED:
                module.datetime = datetime
