"""A first look through a HepMC text file: its records, and whether it is whole."""

import gzip
import re
from dataclasses import dataclass
from io import BufferedIOBase
from pathlib import Path

import numpy as np
from jaxtyping import Int64

from flashsim.errors import FlashSimError

_BLOCK = 1 << 22
_RECORD = re.compile(rb"^E +(-?\d+)", re.MULTILINE)
_FOOTER = re.compile(rb"^HepMC::(Asciiv3|IO_GenEvent)-END_EVENT_LISTING\s*\Z", re.MULTILINE)


@dataclass(frozen=True)
class HepMCRecords:
    """What the text of a file says before it is parsed: compared with what the parser finds."""

    version: int  # 2 or 3
    numbers: Int64[np.ndarray, " events"]  # the event numbers as written
    particles: Int64[np.ndarray, " events"]  # lines of particles in each record


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
    numbers: list[int] = []
    particles: list[int] = []
    version = 0
    rest, tail = b"", b""
    with open_hepmc(path) as file:
        while block := file.read(_BLOCK):
            text, cut, rest = (rest + block).rpartition(b"\n")
            text += cut
            version = version or _version(text + rest)
            _count(text, numbers, particles)
            tail = (tail + text)[-200:]
    if version == 0:
        raise FlashSimError(f"{path}: not a HepMC2 or HepMC3 text file")
    if not _FOOTER.search(tail + rest):
        raise FlashSimError(
            f"{path}: the file ends without the line HepMC::{'IO_GenEvent' if version == 2 else 'Asciiv3'}"
            "-END_EVENT_LISTING: it is truncated; copy or generate it again"
        )
    return HepMCRecords(version, np.array(numbers, dtype=np.int64), np.array(particles, dtype=np.int64))


def _version(text: bytes) -> int:
    head = text[:1024]
    return 3 if b"HepMC::Asciiv3" in head else 2 if b"HepMC::IO_GenEvent" in head else 0


def _count(text: bytes, numbers: list[int], particles: list[int]) -> None:
    """Add whole lines of text to the records: a particle before any record belongs to the one before."""
    position = 0
    for record in _RECORD.finditer(text):
        if particles:
            particles[-1] += _lines(text, position, record.start())
        numbers.append(int(record[1]))
        particles.append(0)
        position = record.end()
    if particles:
        particles[-1] += _lines(text, position, len(text))


def _lines(text: bytes, start: int, stop: int) -> int:
    return text.count(b"\nP ", start, stop) + text.startswith(b"P ", start, stop)
