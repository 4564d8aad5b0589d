"""Records of HepMC2 text (``IO_GenEvent``), parsed for all particles of a piece together."""

import numpy as np
from jaxtyping import Bool, Int64

from .hepmc_records import ENERGY, LENGTH, Records
from .hepmc_tokens import Lines

_WORDS = {"an event": 9, "a vertex": 9, "a particle": 13}
"""How many such a line has at least."""


def parse(text: bytes) -> Records:
    """The records in a text that begins with the line of the first of them; particles in the order of their lines.

    Raises ValueError for lines that are missing, cut or no numbers.
    """
    lines = Lines(text)
    events, vertices, particles = (lines.of_kind(letter) for letter in "EVP")
    for these, (what, least) in zip((events, vertices, particles), _WORDS.items(), strict=True):
        if np.any(lines.words[these] < least):
            raise ValueError(f"a line of {what} has too few words")
    if np.any(lines.words[particles] != 13 + 2 * lines.integers(particles, 12)):  # colours are the last words
        raise ValueError("a line of a particle has too few or too many words")
    record = np.searchsorted(events, vertices) - 1  # of each vertex
    owner = np.searchsorted(vertices, particles) - 1  # the vertex that each particle is listed under
    orphans, listed = lines.integers(vertices, 7), lines.integers(vertices, 8)
    followed = np.bincount(owner[owner >= 0], minlength=len(vertices))
    if (
        np.any(np.bincount(record, minlength=len(events)) != lines.integers(events, 8))
        or np.any(followed != orphans + listed)
        or (len(particles) and (owner[0] < 0 or np.any(np.searchsorted(events, particles) - 1 != record[owner])))
    ):
        raise ValueError("its lines of vertices or particles are not as many as it says")
    first = np.cumsum(followed) - followed
    orphan = np.arange(len(particles)) - first[owner] < orphans[owner]  # goes into the vertex, and comes from none
    ends = lines.integers(particles, 11)
    end = _rows(lines.integers(vertices, 1), record, ends, record[owner])
    end = np.where(orphan, owner, end)
    incoming = np.flatnonzero(orphan | (ends != 0))
    energy, length = _units(lines, events)
    momentum = lines.reals(particles, 3, 5)
    position = lines.reals(vertices, 3, 4)
    return Records(
        particles=np.bincount(record[owner], minlength=len(events)),
        pid=lines.integers(particles, 2),
        status=lines.integers(particles, 8),
        momentum=momentum * energy[record[owner]][:, None],
        production=np.where(orphan, record[owner], len(events) + owner),
        incoming=incoming,
        entered=len(events) + end[incoming],
        position=np.concatenate([np.zeros((len(events), 4)), position * length[record][:, None]]),
    )


def _rows(
    barcodes: Int64[np.ndarray, " vertices"],
    record: Int64[np.ndarray, " vertices"],
    wanted: Int64[np.ndarray, " particles"],
    of_record: Int64[np.ndarray, " particles"],
) -> Int64[np.ndarray, " particles"]:
    """The vertex with a barcode in a record, -1 for the barcode 0, which is none."""
    span = 1 + int(max(np.abs(barcodes).max(initial=0), np.abs(wanted).max(initial=0)))
    keys, asked = 2 * span * record + barcodes, 2 * span * of_record + wanted
    order = np.argsort(keys, kind="stable")
    place = np.minimum(np.searchsorted(keys, asked, sorter=order), max(len(keys) - 1, 0))
    found = order[place] if len(keys) else place
    known: Bool[np.ndarray, " particles"] = wanted == 0
    known |= keys[found] == asked if len(keys) else False
    if not known.all():
        raise ValueError(f"a particle ends in the vertex {wanted[np.argmin(known)]}, which is not there")
    return np.where(wanted == 0, -1, found)


def _units(lines: Lines, events: Int64[np.ndarray, " events"]) -> tuple[np.ndarray, np.ndarray]:
    """Factors to GeV and mm of each record, which are its units where it names none."""
    energy, length = np.ones(len(events)), np.ones(len(events))
    for line in lines.of_kind("U").tolist():
        if lines.words[line] < 3 or (record := int(np.searchsorted(events, line)) - 1) < 0:
            raise ValueError("a line of units has too few words or no event")
        names = lines.word(line, 1), lines.word(line, 2)
        if names[0] not in ENERGY or names[1] not in LENGTH:
            raise ValueError(f"units {' '.join(names)}: known are GEV and MEV, MM and CM")
        energy[record], length[record] = ENERGY[names[0]], LENGTH[names[1]]
    return energy, length
