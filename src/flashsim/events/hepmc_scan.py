"""A first look through a HepMC text file: its records, and whether it is whole."""

import gzip
import re
from dataclasses import dataclass, field
from io import BufferedIOBase
from pathlib import Path

import numpy as np
from jaxtyping import Int64, UInt8

from flashsim.errors import FlashSimError

_BLOCK = 1 << 22
_NUMBER = re.compile(rb"\nE +(-?\d+)")
_FOOTER = re.compile(rb"^HepMC::(Asciiv3|IO_GenEvent)-END_EVENT_LISTING\s*\Z", re.MULTILINE)


@dataclass(frozen=True)
class HepMCRecords:
    """What the text of a file says before it is parsed: compared with what the parser finds."""

    version: int  # 2 or 3
    numbers: Int64[np.ndarray, " events"]  # the event numbers as written
    particles: Int64[np.ndarray, " events"]  # lines of particles in each record; HepMC2 says for itself how many
    starts: Int64[np.ndarray, " boundaries"]  # the letter of the (unpacked) text that each begins at, and the end


@dataclass
class _Found:
    """The same, while the file is read."""

    numbers: list[int] = field(default_factory=list)
    particles: list[int] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)

    def add_particles(self, count: int) -> None:
        """So many more in the last record."""
        if self.particles:
            self.particles[-1] += count


def open_hepmc(path: Path) -> BufferedIOBase:
    """The text of a HepMC file, plain or gzip, by its first bytes."""
    with path.open("rb") as file:
        zipped = file.read(2) == b"\x1f\x8b"
    return gzip.open(path, "rb") if zipped else path.open("rb")


def scan(path: Path) -> HepMCRecords:
    """Find every record of a file and count its particles.

    A file that its generator finished ends with the line ``HepMC::…-END_EVENT_LISTING``: without it, records
    are missing and the file is refused.
    """
    found = _Found()
    version, position = 0, -1
    rest, tail = b"\n", b""  # each piece begins with the end of the line before it
    with open_hepmc(path) as file:
        while block := file.read(_BLOCK):
            text, cut, rest = (rest + block).rpartition(b"\n")
            version = version or _version(text + cut + rest)
            _count(text, position, found, particles=version == 3)
            position, rest = position + len(text), cut + rest
            tail = (tail + text)[-200:]
    if version == 0:
        raise FlashSimError(f"{path}: not a HepMC2 or HepMC3 text file")
    if not _FOOTER.search(tail + rest):
        raise FlashSimError(
            f"{path}: the file ends without the line HepMC::{'IO_GenEvent' if version == 2 else 'Asciiv3'}"
            "-END_EVENT_LISTING: it is truncated; copy or generate it again"
        )
    found.starts.append(position + len(rest))
    counts = (np.array(these, dtype=np.int64) for these in (found.numbers, found.particles, found.starts))
    return HepMCRecords(version, *counts)


def _version(text: bytes) -> int:
    head = text[:1024]
    return 3 if b"HepMC::Asciiv3" in head else 2 if b"HepMC::IO_GenEvent" in head else 0


def _count(text: bytes, position: int, records: _Found, *, particles: bool) -> None:
    """Add lines to the records, each after the end of the one before; `position` is where they are in the file.

    A particle before any record of these lines belongs to the record before.
    """
    letters = np.frombuffer(text, dtype=np.uint8)
    numbered = [(begin, number) for begin in _lines(letters, "E").tolist() if (number := _NUMBER.match(text, begin))]
    bounds = [begin for begin, _ in numbered]
    counts = np.zeros(len(bounds) + 1, np.int64)
    if particles:
        counts = np.bincount(np.searchsorted(bounds, _lines(letters, "P")), minlength=len(bounds) + 1)
    records.add_particles(int(counts[0]))
    records.numbers += [int(number[1]) for _, number in numbered]
    records.starts += [position + begin + 1 for begin in bounds]
    records.particles += counts[1:].tolist()


def _lines(letters: UInt8[np.ndarray, " letters"], kind: str) -> Int64[np.ndarray, " lines"]:
    """The ends of lines that one follows of which the first word is a letter, with a space after it."""
    places = np.flatnonzero(letters[1:-1] == ord(kind)) + 1
    return places[(letters[places - 1] == ord("\n")) & (letters[places + 1] == ord(" "))] - 1
