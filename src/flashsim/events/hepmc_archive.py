"""HepMC files in a tar archive, plain or gzip: each member is read as the file that it is."""

import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from flashsim.errors import FlashSimError

from .batch import EventBatch
from .hepmc_reader import read_hepmc

_MAGIC = slice(257, 262)
_END = 1024  # an archive ends with so many zeros


def is_archive(head: bytes) -> bool:
    """Whether the first bytes of a file, unpacked, are those of a tar archive."""
    return head[_MAGIC] == b"ustar"


def read_archive(path: Path, runs: Iterator[int], chunk_events: int, *, together: bool) -> Iterator[EventBatch]:
    """The events of all members, in the order of the archive; each member has a run number of its own, from `runs`.

    Every member must be a HepMC file: none is left out silently.
    """
    try:
        with tarfile.open(path, "r:*") as archive, tempfile.TemporaryDirectory() as folder:
            for member in archive:
                content = archive.extractfile(member) if member.isfile() else None
                if content is None:
                    continue  # a folder, a link
                copy = Path(folder) / "member"
                with content, copy.open("wb") as file:
                    shutil.copyfileobj(content, file)
                yield from _member(copy, f"{path}: {member.name}", next(runs), chunk_events, together=together)
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise FlashSimError(f"{path}: not a whole tar archive, or damaged ({error}); copy it again") from error
    _refuse_truncated(path)


def _member(copy: Path, name: str, run: int, chunk_events: int, *, together: bool) -> Iterator[EventBatch]:
    try:
        yield from read_hepmc(copy, run, chunk_events, together=together)
    except FlashSimError as error:
        raise FlashSimError(str(error).replace(str(copy), name)) from None


def _refuse_truncated(path: Path) -> None:
    """A plain archive may be cut between two members: then its end is missing."""
    with path.open("rb") as file:
        if file.read(2) == b"\x1f\x8b":
            return  # the gzip stream has an end of its own
        file.seek(max(0, path.stat().st_size - _END))
        if any(file.read()):
            raise FlashSimError(f"{path}: the archive ends in the middle; copy it again")
