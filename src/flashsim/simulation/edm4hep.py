"""A simulated block as collections of the EDM4hep data model, by the formulas of `[output.edm4hep]`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int64, Shaped
from particle import InvalidParticle, Particle, ParticleNotFound

from flashsim.card import Card, Edm4hep, TrackRows, Vector
from flashsim.events import Collection, OutputBatch
from flashsim.events.edm4hep_model import DATATYPES, SCHEMA
from flashsim.simulation.detector import SimulatedBlock
from flashsim.simulation.edm4hep_rows import Elements, Rows, collection_id, collection_name
from flashsim.simulation.track_states import track_states

OF_OBJECTS = ("Track", "Cluster", "ReconstructedParticle", "ParticleID", "Vertex")
LINKED = {"ReconstructedParticle": "Reco", "Track": "Track", "Cluster": "Cluster"}
VECTORS = {"ParticleID": ("parameters",), "Cluster": ("shapeParameters",), "Track": ("subdetectorHitNumbers",)}
NO_HELICITY = 9


def to_edm4hep(card: Card, simulated: SimulatedBlock, member: Mapping[str, np.ndarray]) -> OutputBatch:
    """All collections of a block. `member` are further columns of one number an event.

    ``<collection>_outside`` says of each reconstructed object whether a stage that made it was asked outside its
    training range; everything else is of the data model.
    """
    assert card.output.edm4hep is not None, "the card asks for EDM4hep"
    block = _Block(card, card.output.edm4hep, simulated)
    tables = [block.header(), block.generated()]
    tables += [block.reconstructed(datatype) for datatype in block.rows]
    tables += [block.link(datatype) for datatype in block.rows if datatype in LINKED]
    collections = {name: these for table in tables for name, these in table.collections().items()}
    for datatype, rows in block.rows.items():
        name = f"{collection_name(datatype)}_outside"
        collections[name] = Collection(rows.offsets, {"": simulated.outside_any[rows.objects]})
    batch = simulated.block.batch
    copy = simulated.block.copy.astype(np.int32)
    return OutputBatch(batch.run, batch.event, copy, collections, dict(member), records=True)


def edm4hep_metadata(card: Card) -> dict[str, Any]:
    """The types and numbers of the collections, for whoever follows relations."""
    assert card.output.edm4hep is not None, "the card asks for EDM4hep"
    types = [name for name in OF_OBJECTS if getattr(card.output.edm4hep, name) is not None]
    types = ["EventHeader", "MCParticle", *types, *(_link(name) for name in types if name in LINKED)]
    names = {collection_name(name): name for name in types}
    return {
        "edm4hep": SCHEMA,
        "collections": {name: {"type": f"edm4hep::{kind}", "id": collection_id(name)} for name, kind in names.items()},
    }


def _link(datatype: str) -> str:
    return f"{LINKED[datatype]}MCParticleLink"


@dataclass(frozen=True)
class _Chosen:
    """The objects of a block that have a row in a collection, and the place of each object there (-1: none)."""

    objects: Int64[np.ndarray, " rows"]
    offsets: Int64[np.ndarray, " boundaries"]
    place: Int64[np.ndarray, " objects"]


@dataclass(frozen=True)
class _Block:
    card: Card
    table: Edm4hep
    simulated: SimulatedBlock

    @cached_property
    def rows(self) -> dict[str, _Chosen]:
        """The objects of each type that has a table."""
        written = self.simulated.namespace.written()
        found = {}
        for datatype in OF_OBJECTS:
            table = getattr(self.table, datatype)
            if table is not None:
                found[datatype] = self._chosen(written & self.simulated.namespace.selected(table.where))
        if "ParticleID" in found:  # of a reconstructed particle, which must be there
            there = found["ReconstructedParticle"].place >= 0
            found["ParticleID"] = self._chosen(there & (found["ParticleID"].place >= 0))
        return found

    def _chosen(self, mask: Bool[np.ndarray, " objects"]) -> _Chosen:
        batch = self.simulated.batch
        kept = np.concatenate([[0], np.cumsum(mask)]).astype(np.int64)
        place = np.where(mask, kept[:-1] - kept[batch.offsets[:-1]][batch.event_index], -1)
        return _Chosen(np.flatnonzero(mask), kept[batch.offsets], place)

    def header(self) -> Rows:
        """One header an event."""
        batch = self.simulated.block.batch
        members = {"eventNumber": batch.event, "runNumber": batch.run, "weight": np.ones(batch.n_events)}
        return Rows("EventHeader", np.arange(batch.n_events + 1, dtype=np.int64), members)

    def generated(self) -> Rows:
        """Every generated particle, with its parent and its daughters where the truth has `mother`."""
        table, batch = self.table.MCParticle, self.simulated.block.batch
        every = np.flatnonzero(self.simulated.namespace.of("generated"))
        pid = self._truth(table.PDG, "pid")
        members = {
            "PDG": pid,
            "generatorStatus": self._truth(table.generatorStatus, "status"),
            "charge": self._values(table.charge, every) if table.charge else _by_number(pid, "charge"),
            "time": self._truth(table.time, "vt"),
            "helicity": np.full(batch.n_objects, NO_HELICITY),
        }
        known = table.mass is not None or "mass" in self.card.columns
        members["mass"] = self._truth(table.mass, "mass") if known else _by_number(pid, "mass")
        for member, given, names in (("vertex", table.vertex, "vx vy vz"), ("momentum", table.momentum, "px py pz")):
            for axis, name in zip("xyz", names.split(), strict=True):
                members[f"{member}.{axis}"] = self._truth(getattr(given, axis, None), name)
        many: dict[str, Elements] = {}
        if "mother" in self.card.columns:
            mother = self._truth(None, "mother").astype(np.int64)
            has = (mother >= 0) & (mother < batch.counts[batch.event_index])
            above = (batch.offsets[batch.event_index] + mother)[has]
            order = np.argsort(above, kind="stable")
            children = np.flatnonzero(has)[order]
            ends = np.full(batch.n_objects, -1)
            ends[above[::-1]] = np.flatnonzero(has)[::-1]  # the first daughter is written last
            for axis in "xyz":
                made = members[f"vertex.{axis}"]
                members[f"endpoint.{axis}"] = np.where(ends >= 0, made[ends], 0.0)
            many["parents"] = self._related("MCParticle", has.astype(np.int64), mother[has])
            counts = np.bincount(above, minlength=batch.n_objects).astype(np.int64)
            many["daughters"] = self._related("MCParticle", counts, batch.object_index[children])
        return Rows("MCParticle", batch.offsets, members, many=many)

    def reconstructed(self, datatype: str) -> Rows:
        """The rows of a type with a table."""
        table, chosen = getattr(self.table, datatype), self.rows[datatype]
        objects = chosen.objects
        members: dict[str, np.ndarray] = {}
        for name in {member.partition(".")[0]: None for member in DATATYPES[datatype].members}:
            given = getattr(table, name, None)
            if isinstance(given, str):
                members[name] = self._values(given, objects)
            elif isinstance(given, Vector):
                members |= {f"{name}.{axis}": self._values(getattr(given, axis), objects) for axis in "xyz"}
            elif isinstance(given, list):
                members[f"{name}.values"] = self._matrix(given, objects)
        vectors = {
            name: Elements(np.full(len(objects), len(texts)), {"": self._matrix(texts, objects).ravel()})
            for name in VECTORS.get(datatype, ())
            if (texts := getattr(table, name))
        }
        many: dict[str, Elements] = {}
        one: dict[str, Any] = {}
        if isinstance(table, TrackRows) and table.state is not None:
            vectors["trackStates"] = Elements(np.ones(len(objects), np.int64), self._states(table, objects))
        if datatype == "ReconstructedParticle":
            members = self._from_state(members, objects)
            for relation, other in (("tracks", "Track"), ("clusters", "Cluster")):
                if other in self.rows:
                    place = self.rows[other].place[objects]
                    many[relation] = self._related(other, (place >= 0).astype(np.int64), place[place >= 0])
        if datatype == "ParticleID":
            one["particle"] = _ids("ReconstructedParticle", self.rows["ReconstructedParticle"].place[objects])
        return Rows(datatype, chosen.offsets, members, vectors, many, one)

    def link(self, datatype: str) -> Rows:
        """From each row of a type to its generated particle, for those that have one."""
        matched = self._chosen((self.rows[datatype].place >= 0) & self.simulated.namespace.of("generated"))
        one = {
            "from": _ids(datatype, self.rows[datatype].place[matched.objects]),
            "to": _ids("MCParticle", self.simulated.batch.object_index[matched.objects]),
        }
        return Rows(_link(datatype), matched.offsets, {"weight": np.ones(len(matched.objects))}, one=one)

    def _states(self, table: TrackRows, objects: Int64[np.ndarray, " rows"]) -> dict[str, np.ndarray]:
        covariance = None if table.covariance is None else self._matrix(table.covariance, objects)
        found = track_states(self._matrix(table.state or [], objects), covariance, table.field or 0.0)
        return found | {"location": np.full(len(objects), table.location)}

    def _from_state(self, members: dict[str, np.ndarray], objects: Int64[np.ndarray, " rows"]) -> dict[str, np.ndarray]:
        """What the state of the track, and mass and momentum, say of a particle."""
        track = self.table.Track
        if track is not None and track.state is not None:
            there = self.rows["Track"].place[objects] >= 0
            x, y, z, tx, ty, qop = np.where(there[:, None], self._matrix(track.state, objects), 0.0).T
            with np.errstate(divide="ignore", invalid="ignore"):
                pz = np.where(there, 1 / (np.abs(qop) * np.sqrt(1 + tx**2 + ty**2)), 0.0)
            made = {"momentum.x": pz * tx, "momentum.y": pz * ty, "momentum.z": pz, "charge": np.sign(qop)}
            members = made | {"referencePoint.x": x, "referencePoint.y": y, "referencePoint.z": z} | members
        if "energy" not in members and "momentum.x" in members:
            squares = sum(members[f"momentum.{axis}"] ** 2 for axis in "xyz")
            members = members | {"energy": np.sqrt(squares + members.get("mass", np.zeros(len(objects))) ** 2)}
        return members

    def _related(self, datatype: str, counts: np.ndarray, index: np.ndarray) -> Elements:
        return Elements(counts, _ids(datatype, index))

    def _truth(self, formula: str | None, name: str) -> Shaped[np.ndarray, " objects"]:
        every = np.flatnonzero(self.simulated.namespace.of("generated"))
        known = name in self.card.columns or name in self.card.derive
        return self._values(formula or (name if known else "0"), every)

    def _values(self, formula: str, objects: Int64[np.ndarray, " rows"]) -> Shaped[np.ndarray, " rows"]:
        values = np.asarray(self.simulated.namespace.evaluate(formula))
        return np.broadcast_to(values, self.simulated.batch.n_objects)[objects]

    def _matrix(
        self, formulas: Sequence[str], objects: Int64[np.ndarray, " rows"]
    ) -> Float[np.ndarray, "rows columns"]:
        return np.stack([self._values(text, objects).astype(np.float64) for text in formulas], axis=1)


def _ids(datatype: str, index: Shaped[np.ndarray, " rows"]) -> dict[str, np.ndarray]:
    return {"index": index, "collectionID": np.full(len(index), collection_id(collection_name(datatype)))}


def _by_number(pid: Shaped[np.ndarray, " objects"], what: str) -> Float[np.ndarray, " objects"]:
    """Charge (e) or mass (GeV) of Particle Data Group numbers; 0 where it is not known."""
    numbers, index = np.unique(pid.astype(np.int64), return_inverse=True)
    return np.array([_property(int(number), what) for number in numbers], dtype=np.float64)[index]


@lru_cache(maxsize=4096)
def _property(number: int, what: str) -> float:
    try:
        particle = Particle.from_pdgid(number)
    except (ParticleNotFound, InvalidParticle):
        return 0.0
    found = particle.charge if what == "charge" else particle.mass
    return 0.0 if found is None else float(found) / (1.0 if what == "charge" else 1000.0)
