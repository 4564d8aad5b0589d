"""Records of HepMC3 text, parsed by pyhepmc."""

from collections.abc import Iterator
from io import BufferedIOBase

import numpy as np
import pyhepmc
from pyhepmc.io import ReaderAscii, pyiostream

from .hepmc_records import ENERGY, LENGTH, Records


def parse(text: BufferedIOBase, records: int) -> Iterator[tuple[int, Records]]:
    """The number and the content of the next records, so many."""
    reader = ReaderAscii(pyiostream(text))
    for _ in range(records):
        event = pyhepmc.GenEvent()
        reader.read_event(event)
        yield event.event_number, _record(event)


def _record(event: pyhepmc.GenEvent) -> Records:
    data = pyhepmc.GenEventData()
    event.write_data(data)
    particles: np.ndarray = np.asarray(data.particles)
    first = np.asarray(data.links1).astype(np.int64)
    second = np.asarray(data.links2).astype(np.int64)
    # A link (particle > 0, vertex < 0) enters the vertex, (vertex < 0, particle > 0) leaves it; ids from 1.
    enters = np.flatnonzero(first > 0)
    leaves = np.flatnonzero(first < 0)
    production = np.zeros(len(particles), dtype=np.int64)
    production[second[leaves] - 1] = -first[leaves]
    shift = event.event_pos()
    position = np.zeros((len(data.vertices) + 1, 4))
    position[0] = shift.x, shift.y, shift.z, shift.t
    for axis, name in enumerate("xyzt"):
        position[1:, axis] = data.vertices[name]
    energy, length = ENERGY[event.momentum_unit.name], LENGTH[event.length_unit.name]
    return Records(
        particles=np.array([len(particles)]),
        pid=particles["pid"].astype(np.int64),
        status=particles["status"].astype(np.int64),
        momentum=np.stack([particles[name] * energy for name in ("px", "py", "pz", "e", "mass")], axis=1),
        production=production,
        incoming=first[enters] - 1,
        entered=-second[enters],
        position=position * length,
    )
