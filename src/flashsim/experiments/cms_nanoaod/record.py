"""Records of the generator: all particles of many events in one table, each with its mother."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import awkward as ak
import numpy as np
from jaxtyping import Bool, Float64, Int64, Shaped


@dataclass(frozen=True)
class Record:
    """Particles of consecutive events; those of event i are rows `offsets[i]` to `offsets[i + 1]`.

    `mother` is a row, -1 for none; statuses are Pythia's; momenta are in GeV, vertices in mm; `weight` is one an event.
    """

    offsets: Int64[np.ndarray, " boundaries"]
    weight: Float64[np.ndarray, " events"]
    pdg: Int64[np.ndarray, " n"]
    status: Int64[np.ndarray, " n"]
    mother: Int64[np.ndarray, " n"]
    momentum: Float64[np.ndarray, "n 4"]
    """px, py, pz, E."""
    mass: Float64[np.ndarray, " n"]
    vertex: Float64[np.ndarray, "n 3"]

    @property
    def events(self) -> int:
        """How many events there are."""
        return len(self.weight)

    @property
    def event(self) -> Int64[np.ndarray, " n"]:
        """The event of each particle, from 0."""
        return np.repeat(np.arange(self.events), np.diff(self.offsets))

    @property
    def stable(self) -> Bool[np.ndarray, " n"]:
        """Which particles are there in the end."""
        return self.status > 0

    @property
    def visible(self) -> Bool[np.ndarray, " n"]:
        """Stable particles but neutrinos."""
        return self.stable & ~np.isin(np.abs(self.pdg), (12, 14, 16))

    def with_daughter(self, wanted: Bool[np.ndarray, " n"]) -> Bool[np.ndarray, " n"]:
        """Which particles have a daughter among the wanted ones."""
        found = np.zeros(len(self.pdg), dtype=bool)
        mothers = self.mother[wanted]
        found[mothers[mothers >= 0]] = True
        return found

    def descends(self, roots: Bool[np.ndarray, " n"]) -> Bool[np.ndarray, " n"]:
        """Which particles come from one of the roots, by any number of mothers."""
        found = np.zeros(len(self.pdg), dtype=bool)
        step = roots
        while True:
            step = (step[self.mother] & (self.mother >= 0)) & ~found
            if not step.any():
                return found
            found |= step


def heaviest_quark(species: Int64[np.ndarray, " n"]) -> Int64[np.ndarray, " n"]:
    """The heaviest quark of hadrons, the first digit of their number; 0 for what is none."""
    digits = species % 10_000
    first = np.where(digits >= 1000, digits // 1000, digits // 100)
    return np.where((species > 100) & (species < 9_000_000), first, 0)


def record_of(batch: Any) -> Record:
    """The table of what `Pythia.nextBatch` returns."""
    particles = batch["prt"]
    counts = ak.to_numpy(ak.num(particles["id"])).astype(np.int64)
    offsets = np.concatenate([[0], np.cumsum(counts)])

    def flat(values: Any) -> np.ndarray:
        return ak.to_numpy(ak.fill_none(ak.flatten(values), 0.0))

    first = ak.to_numpy(ak.flatten(particles["mother1"])).astype(np.int64)
    start = np.repeat(offsets[:-1], counts)
    # Row 0 of an event is the whole system, which is nobody's mother.
    mother = np.where(first > 0, start + first, -1)
    momentum = np.stack([flat(particles["p"][axis]) for axis in ("px", "py", "pz", "e")], axis=1)
    vertex = np.stack([flat(particles["vProd"][axis]) for axis in ("px", "py", "pz")], axis=1)
    return Record(
        offsets,
        ak.to_numpy(batch["info"]["weights"][:, 0]).astype(np.float64),
        ak.to_numpy(ak.flatten(particles["id"])).astype(np.int64),
        ak.to_numpy(ak.flatten(particles["status"])).astype(np.int64),
        mother,
        momentum,
        flat(particles["m"]),
        vertex,
    )


def joined(parts: Sequence[Record], order: Int64[np.ndarray, " events"]) -> Record:
    """The events of all parts in another order: event i is the `order[i]`-th of them."""
    counts = np.concatenate([np.diff(part.offsets) for part in parts])
    starts = np.cumsum(counts) - counts
    rows = ranges(starts[order], counts[order])
    offsets = np.concatenate([[0], np.cumsum(counts[order])])
    shifts = np.cumsum([0, *(len(part.pdg) for part in parts)])
    mothers = [np.where(part.mother >= 0, part.mother + shift, -1) for part, shift in zip(parts, shifts, strict=False)]
    place = np.empty(len(rows), dtype=np.int64)
    place[rows] = np.arange(len(rows))
    mother = np.concatenate(mothers)[rows]
    whole: dict[str, Shaped[np.ndarray, ...]] = {
        field.name: np.concatenate([getattr(part, field.name) for part in parts])[rows]
        for field in fields(Record)
        if field.name not in ("offsets", "weight", "mother")
    }
    weight = np.concatenate([part.weight for part in parts])[order]
    return Record(offsets, weight, mother=np.where(mother >= 0, place[mother], -1), **whole)


def boosted(record: Record, rapidity: Float64[np.ndarray, " events"]) -> Record:
    """The events seen from frames that move along the beam: rapidities rise; vertices stay, of which only the
    transverse part means anything."""
    shift = rapidity[record.event]
    x, y, z, energy = record.momentum.T
    along, total = z * np.cosh(shift) + energy * np.sinh(shift), energy * np.cosh(shift) + z * np.sinh(shift)
    return replace(record, momentum=np.stack([x, y, along, total], axis=1))


def ranges(start: Int64[np.ndarray, " n"], count: Int64[np.ndarray, " n"]) -> Int64[np.ndarray, " total"]:
    """start[0], start[0] + 1, … (count[0] of them), then those of start[1], and so on."""
    total = np.cumsum(count)
    return np.arange(int(count.sum())) + np.repeat(start - (total - count), count)
