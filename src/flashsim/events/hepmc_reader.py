"""Events from HepMC2 and HepMC3 text, plain or gzip: each record (one collision) is one event, or each file."""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyhepmc
from jaxtyping import Float64, Int
from pyhepmc.io import ReaderAscii, ReaderAsciiHepMC2, pyiostream

from flashsim.errors import FlashSimError

from .batch import EventBatch, offsets_from_counts
from .hepmc_graph import SIGNAL, collision_position, descendants
from .hepmc_scan import HepMCRecords, open_hepmc, scan
from .source import ColumnSource, to_internal

_SPEED_OF_LIGHT = 299.792458  # mm/ns: HepMC writes times as lengths, c·t
_ENERGY = {pyhepmc.Units.GEV: 1.0, pyhepmc.Units.MEV: 1e-3}
_LENGTH = {pyhepmc.Units.MM: 1.0, pyhepmc.Units.CM: 10.0}


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
    """
    try:
        records = scan(path)
        numbers = records.numbers
        own = len(np.unique(numbers)) == len(numbers) and bool(np.all(numbers >= 0))
        identity = numbers if own else np.arange(len(numbers), dtype=np.int64)
        with open_hepmc(path) as text:
            reader = (ReaderAscii if records.version == 3 else ReaderAsciiHepMC2)(pyiostream(text))
            if together and len(numbers):
                events = [_event(reader, path, records, index) for index in range(len(numbers))]
                yield _batch([_one_event(events)], run, np.zeros(1, np.int64), numbers[:1], path, 0)
                return
            for start in range(0, len(numbers), chunk_events):
                stop = min(start + chunk_events, len(numbers))
                events = [_event(reader, path, records, index) for index in range(start, stop)]
                yield _batch(events, run, identity[start:stop], numbers[start:stop], path, start)
    except (OSError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise FlashSimError(f"{path}: not a whole gzip file, or damaged ({error}); copy it again") from error
    except (RuntimeError, ValueError) as error:
        raise FlashSimError(f"{path}: not readable as HepMC ({error})") from error


def _event(
    reader: ReaderAscii | ReaderAsciiHepMC2, path: Path, records: HepMCRecords, index: int
) -> dict[str, np.ndarray]:
    """The next record as columns, checked against what the scan saw of it."""
    event = pyhepmc.GenEvent()
    reader.read_event(event)
    number, particles = int(records.numbers[index]), int(records.particles[index])
    if event.event_number != number or len(event.particles) != particles:
        raise FlashSimError(
            f"{path}: record {index} (event {number}) has {particles} lines of particles, of which "
            f"{len(event.particles)} could be read: the record is damaged"
        )
    return _columns(event)


def _columns(event: pyhepmc.GenEvent) -> dict[str, np.ndarray]:
    data = pyhepmc.GenEventData()
    event.write_data(data)
    particles: np.ndarray = np.asarray(data.particles)
    first = np.asarray(data.links1).astype(np.int64)
    second = np.asarray(data.links2).astype(np.int64)
    # A link (particle > 0, vertex < 0) enters the vertex, (vertex < 0, particle > 0) leaves it; ids from 1.
    enters = np.flatnonzero(first > 0)
    leaves = np.flatnonzero(first < 0)
    stable: np.ndarray = np.ones(len(particles), dtype=bool)
    stable[first[enters] - 1] = False
    production = np.zeros(len(particles), dtype=np.int64)  # 0: none
    production[second[leaves] - 1] = -first[leaves]
    incoming, entered = first[enters], -second[enters]
    mothers = np.full(len(data.vertices) + 1, -1, dtype=np.int32)  # of each vertex, row 0 for none
    mothers[entered[::-1]] = incoming[::-1] - 1  # the first incoming particle is written last
    table = _positions(event, data.vertices, incoming, entered, production)
    positions = table[production]
    end = np.zeros(len(particles), dtype=np.int64)
    end[incoming[::-1] - 1] = entered[::-1]
    signal = particles["status"] == SIGNAL
    collision = collision_position(table, production, end, signal)
    energy, length = _ENERGY[event.momentum_unit], _LENGTH[event.length_unit]
    return {
        "pid": particles["pid"].astype(np.int32),
        "status": particles["status"].astype(np.int32),
        "stable": stable,
        "mother": mothers[production],
        "px": particles["px"] * energy,
        "py": particles["py"] * energy,
        "pz": particles["pz"] * energy,
        "energy": particles["e"] * energy,
        "mass": particles["mass"] * energy,
        "vx": positions[:, 0] * length,
        "vy": positions[:, 1] * length,
        "vz": positions[:, 2] * length,
        "vt": positions[:, 3] * (length / _SPEED_OF_LIGHT),
        "signal": descendants(signal, incoming, entered, production),
        "collision": np.zeros(len(particles), dtype=np.int32),
        "pvx": np.full(len(particles), collision[0] * length),
        "pvy": np.full(len(particles), collision[1] * length),
        "pvz": np.full(len(particles), collision[2] * length),
        "pvt": np.full(len(particles), collision[3] * (length / _SPEED_OF_LIGHT)),
    }


def _one_event(records: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """The collisions of a bunch crossing as one event: places of mothers count from its start."""
    first = 0
    for number, record in enumerate(records):
        record["collision"] = np.full(len(record["pid"]), number, dtype=np.int32)
        record["mother"] = np.where(record["mother"] >= 0, record["mother"] + first, -1).astype(np.int32)
        first += len(record["pid"])
    return {name: np.concatenate([record[name] for record in records]) for name in records[0]}


def _positions(
    event: pyhepmc.GenEvent,
    vertices: np.ndarray,
    incoming: Int[np.ndarray, " links"],
    entered: Int[np.ndarray, " links"],
    production: Int[np.ndarray, " particles"],
) -> Float64[np.ndarray, "_ 4"]:
    """Vertex positions by number, row 0 that of the event.

    A vertex written without position stands where its first incoming particle was made (as in HepMC3).
    """
    shift = event.event_pos()
    table = np.zeros((len(vertices) + 1, 4))
    table[0] = shift.x, shift.y, shift.z, shift.t
    for axis, name in enumerate("xyzt"):
        table[1:, axis] = vertices[name]
    unset: np.ndarray = np.logical_not(np.any(table, axis=1))
    unset[0] = False
    if unset.any():
        parent = np.zeros(len(table), dtype=np.int64)
        parent[entered[::-1]] = production[incoming[::-1] - 1]
        for _ in range(len(table)):  # at most as many steps as the longest chain of vertices without position
            follow = unset & unset[parent]
            if not follow.any():
                break
            parent[follow] = parent[parent[follow]]
        table[unset] = table[parent[unset]]
    return table


def _batch(
    events: list[dict[str, np.ndarray]],
    run: int,
    identity: np.ndarray,
    numbers: np.ndarray,
    path: Path,
    first: int,
) -> EventBatch:
    offsets = offsets_from_counts(np.array([len(event["pid"]) for event in events], dtype=np.int64))
    columns = {name: np.concatenate([event[name] for event in events]) for name in events[0]}
    for name, values in columns.items():
        to_internal(values, ColumnSource(name), path, first, offsets)
    columns["event_number"] = np.repeat(numbers, np.diff(offsets))
    return EventBatch(np.full(len(events), run, dtype=np.int64), identity, offsets, columns)
