"""Decays of a sample, each with what was reconstructed of its two daughters."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import awkward as ak
import numpy as np
import pyarrow.parquet as pq
import vector
from particle import Particle

LONG, UPSTREAM, DOWNSTREAM = 1, 2, 3
STATE = ("track_type", "rec_tx", "rec_ty", "rec_qop", "outside")
MASS = {pid: Particle.from_pdgid(pid).mass / 1000.0 for pid in (13, 211, 321)}  # GeV


@dataclass(frozen=True)
class Candidates:
    """One row a generated decay: its event, the species of the mother, and what became of the daughters."""

    event: np.ndarray
    mother: np.ndarray  # absolute Particle Data Group id
    momentum: np.ndarray  # GeV, of the mother in truth
    types: np.ndarray  # (decays, 2) of the tracks, 0 for none
    mass: np.ndarray  # GeV, of the two tracks with the true masses; not a number without two tracks
    outside: np.ndarray  # whether a daughter was outside the training range

    @property
    def measured(self) -> np.ndarray:
        """Decays with two tracks that cross the dipole, all with a momentum worth the name."""
        return np.isin(self.types, (LONG, DOWNSTREAM)).all(axis=1)

    def take(self, rows: np.ndarray) -> "Candidates":
        """Some of the decays: a mask, or their places."""
        return Candidates(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


def of_full_simulation(path: Path) -> Candidates:
    """From a reference sample with decays: one row a particle, its track in the same row."""
    table = pq.read_table(path)
    columns = {name: np.asarray(table[name]) for name in table.column_names}
    columns["outside"] = np.zeros(len(table), dtype=bool)
    return _candidates(columns | {"copy": np.zeros(len(table), np.int32)})


def of_flash_simulation(path: Path) -> Candidates:
    """From what `flashsim simulate` wrote of the same file: one row an event, tracks that link to their particle."""
    return _joined([_candidates(_flattened(events)) for events in _pieces(path)])


def _pieces(path: Path) -> Iterator[ak.Array]:
    with pq.ParquetFile(path) as file:
        for group in range(file.num_row_groups):
            yield ak.from_arrow(file.read_row_group(group))


def _flattened(events: ak.Array) -> dict[str, np.ndarray]:
    """One row a particle, with the columns of its track, 0 where it has none."""
    counts = np.asarray(ak.num(events["particle_pid"]))
    truth = [name for name in events.fields if name.startswith("particle_")]
    columns = {name.removeprefix("particle_"): np.asarray(ak.flatten(events[name])) for name in truth}
    columns |= {name: np.repeat(np.asarray(events[name]), counts) for name in ("event", "copy")}
    first = np.cumsum(counts) - counts
    row = np.asarray(ak.flatten(events["track_particle"] + first))
    for name in STATE:
        values = np.asarray(ak.flatten(events[f"track_{name}"]))
        columns[name] = np.zeros(counts.sum(), values.dtype)
        columns[name][row] = values
    return columns


def _candidates(columns: dict[str, np.ndarray]) -> Candidates:
    """Pairs of daughters, which follow one another; their mothers stand before them in the event."""
    daughters = np.flatnonzero(columns["mother"] >= 0).reshape(-1, 2)
    starts = np.flatnonzero(np.diff(columns["event"], prepend=-1) | np.diff(columns["copy"], prepend=-1))
    event_start = starts[np.searchsorted(starts, daughters, side="right") - 1]
    mother = event_start + columns["mother"][daughters]
    assert np.array_equal(mother[:, 0], mother[:, 1]), "the daughters of a decay do not follow one another"
    mother = mother[:, 0]
    found = (columns["track_type"][daughters] > 0).all(axis=1)
    mass = np.full(len(daughters), np.nan)
    mass[found] = _mass(*(_momenta(columns, rows[found]) for rows in daughters.T))
    return Candidates(
        event=columns["event"][mother],
        mother=np.abs(columns["pid"][mother]),
        momentum=np.linalg.norm([columns[name][mother] for name in ("px", "py", "pz")], axis=0),
        types=columns["track_type"][daughters].astype(int),
        mass=mass,
        outside=columns["outside"][daughters].astype(bool).any(axis=1),
    )


def _momenta(columns: dict[str, np.ndarray], rows: np.ndarray) -> vector.VectorNumpy4D:
    tx, ty, qop = (columns[name][rows].astype(np.float64) for name in ("rec_tx", "rec_ty", "rec_qop"))
    pz = 1.0 / (np.abs(qop) * np.sqrt(1.0 + tx**2 + ty**2))
    species = np.abs(columns["pid"][rows])
    mass = np.select([species == pid for pid in MASS], list(MASS.values()), np.nan)
    return vector.array({"px": tx * pz, "py": ty * pz, "pz": pz, "mass": mass})


def _mass(first: vector.VectorNumpy4D, second: vector.VectorNumpy4D) -> np.ndarray:
    return np.asarray((first + second).mass)


def _joined(parts: list[Candidates]) -> Candidates:
    return Candidates(*(np.concatenate([getattr(p, n) for p in parts]) for n in Candidates.__dataclass_fields__))
