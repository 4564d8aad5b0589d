"""The columns of an event, made from records of HepMC."""

import numpy as np
from jaxtyping import Shaped

from .hepmc_graph import SIGNAL, collision_positions, descendants, with_positions
from .hepmc_records import Records

_SPEED_OF_LIGHT = 299.792458  # mm/ns: HepMC writes times as lengths, c·t


def columns(records: Records, *, together: bool) -> dict[str, Shaped[np.ndarray, " particles"]]:
    """What `read_hepmc` says; `together` the records are one event, in which mothers have their places."""
    n_records, n_particles = len(records.particles), len(records.pid)
    record = np.repeat(np.arange(n_records), records.particles)
    incoming, entered, production = records.incoming, records.entered, records.production
    stable: np.ndarray = np.ones(n_particles, dtype=bool)
    stable[incoming] = False
    mothers = np.full(len(records.position), -1, dtype=np.int64)
    mothers[entered[::-1]] = incoming[::-1]  # the first incoming particle is written last
    end = np.zeros(n_particles, dtype=np.int64)
    end[incoming[::-1]] = entered[::-1]
    mother = mothers[production]
    start = 0 if together else (np.cumsum(records.particles) - records.particles)[record]
    table = with_positions(records.position, incoming, entered, production, n_records)
    table = table / np.array([1, 1, 1, _SPEED_OF_LIGHT])
    signal = records.status == SIGNAL
    collision = collision_positions(record, production, end, signal, table, n_records)
    values = {
        "pid": records.pid.astype(np.int32),
        "status": records.status.astype(np.int32),
        "stable": stable,
        "mother": np.where(mother >= 0, mother - start, -1).astype(np.int32),
    }
    values |= {name: records.momentum[:, k] for k, name in enumerate(("px", "py", "pz", "energy", "mass"))}
    values |= {name: table[production, k] for k, name in enumerate(("vx", "vy", "vz", "vt"))}
    values["signal"] = descendants(signal, incoming, entered, production, n_records)
    values["collision"] = record.astype(np.int32) if together else np.zeros(n_particles, dtype=np.int32)
    return values | {name: collision[record, k] for k, name in enumerate(("pvx", "pvy", "pvz", "pvt"))}
