"""Never half a file: write beside the target, flush to disk, rename."""

import errno
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from flashsim.errors import FlashSimError


def refuse_existing(path: Path) -> None:
    """Raise FlashSimError when `path` exists: nothing of the user's is overwritten."""
    if path.exists():
        raise FlashSimError(f"{path}: exists already; choose another place or remove it first")


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Give `<path>.part` to write to (a file or a folder); on success it becomes `path`, else it is removed.

    A full disk is reported as a FlashSimError; a crash leaves the old state or the new.
    """
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        remove(part)
        yield part
        synchronise(part)
        if path.is_dir():
            remove(path)
        os.replace(part, path)
        synchronise(path.parent, recursive=False)
    except OSError as error:
        with suppress(OSError):  # the first error is the one to tell
            remove(part)
        raise explained(path, error) from error
    except BaseException:
        remove(part)
        raise


def explained(path: Path, error: OSError) -> FlashSimError:
    """The error that a user meets instead of an OSError raised while writing `path`."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return FlashSimError(f"{path}: no space left on the disk; free some, or write to another place")
    return FlashSimError(f"{path}: cannot be written: {error.strerror or error}")


def remove(path: Path) -> None:
    """Remove a file or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def synchronise(path: Path, *, recursive: bool = True) -> None:
    """Flush a file, or a folder and what is in it, to the disk."""
    if path.is_dir() and recursive:
        for child in path.iterdir():
            synchronise(child)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sha256(path: Path) -> str:
    """The checksum of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
