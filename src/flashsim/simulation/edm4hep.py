"""A simulated block as collections of the EDM4hep data model, by the formulas of `[output.edm4hep]`."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Bool, Int64

from flashsim.card import Card, Edm4hep, TrackRows, Vector
from flashsim.events import Collection, OutputBatch
from flashsim.events.edm4hep_model import DATATYPES, SCHEMA
from flashsim.simulation.detector import SimulatedBlock
from flashsim.simulation.edm4hep_generated import generated_particles
from flashsim.simulation.edm4hep_rows import Elements, Rows, collection_id, collection_name, ids, related
from flashsim.simulation.track_states import track_states
from flashsim.stages import ChosenRows

OF_OBJECTS = ("Track", "Cluster", "ReconstructedParticle", "ParticleID", "Vertex")
LINKED = {"ReconstructedParticle": "Reco", "Track": "Track", "Cluster": "Cluster"}
VECTORS = {"ParticleID": ("parameters",), "Cluster": ("shapeParameters",), "Track": ("subdetectorHitNumbers",)}


def to_edm4hep(card: Card, simulated: SimulatedBlock, member: Mapping[str, np.ndarray]) -> OutputBatch:
    """All collections of a block. `member` are further columns of one number an event.

    ``<collection>_outside`` says of each reconstructed object whether a stage that made it was asked outside its
    training range; everything else is of the data model.
    """
    assert card.output.edm4hep is not None, "the card asks for EDM4hep"
    block = _Block(card, card.output.edm4hep, simulated)
    tables = [block.header(), generated_particles(card, block.table.MCParticle, simulated)]
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

    def reconstructed(self, datatype: str) -> Rows:
        """The rows of a type with a table."""
        table, chosen = getattr(self.table, datatype), self.rows[datatype]
        objects, values = chosen.objects, ChosenRows(self.simulated.namespace, chosen.objects)
        members: dict[str, np.ndarray] = {}
        for name in {member.partition(".")[0]: None for member in DATATYPES[datatype].members}:
            given = getattr(table, name, None)
            if isinstance(given, str):
                members[name] = values.evaluate(given)
            elif isinstance(given, Vector):
                members |= {f"{name}.{axis}": values.evaluate(getattr(given, axis)) for axis in "xyz"}
            elif isinstance(given, list):
                members[f"{name}.values"] = values.matrix(given)
        vectors = {
            name: Elements(np.full(len(objects), len(texts)), {"": values.matrix(texts).ravel()})
            for name in VECTORS.get(datatype, ())
            if (texts := getattr(table, name))
        }
        many: dict[str, Elements] = {}
        one: dict[str, Any] = {}
        if isinstance(table, TrackRows) and table.state is not None:
            vectors["trackStates"] = Elements(np.ones(len(objects), np.int64), _states(table, values))
        if datatype == "ReconstructedParticle":
            members = self._from_state(members, objects, values)
            for relation, other in (("tracks", "Track"), ("clusters", "Cluster")):
                if other in self.rows:
                    place = self.rows[other].place[objects]
                    many[relation] = related(other, (place >= 0).astype(np.int64), place[place >= 0])
        if datatype == "ParticleID":
            one["particle"] = ids("ReconstructedParticle", self.rows["ReconstructedParticle"].place[objects])
        return Rows(datatype, chosen.offsets, members, vectors, many, one)

    def link(self, datatype: str) -> Rows:
        """From each row of a type to its generated particle, for those that have one."""
        matched = self._chosen((self.rows[datatype].place >= 0) & self.simulated.namespace.of("generated"))
        one = {
            "from": ids(datatype, self.rows[datatype].place[matched.objects]),
            "to": ids("MCParticle", self.simulated.batch.object_index[matched.objects]),
        }
        return Rows(_link(datatype), matched.offsets, {"weight": np.ones(len(matched.objects))}, one=one)

    def _from_state(
        self, members: dict[str, np.ndarray], objects: Int64[np.ndarray, " rows"], values: ChosenRows
    ) -> dict[str, np.ndarray]:
        """What the state of the track, and mass and momentum, say of a particle."""
        track = self.table.Track
        if track is not None and track.state is not None:
            there = self.rows["Track"].place[objects] >= 0
            x, y, z, tx, ty, qop = np.where(there[:, None], values.matrix(track.state), 0.0).T
            with np.errstate(divide="ignore", invalid="ignore"):
                pz = np.where(there, 1 / (np.abs(qop) * np.sqrt(1 + tx**2 + ty**2)), 0.0)
            made = {"momentum.x": pz * tx, "momentum.y": pz * ty, "momentum.z": pz, "charge": np.sign(qop)}
            members = made | {"referencePoint.x": x, "referencePoint.y": y, "referencePoint.z": z} | members
        if "energy" not in members and "momentum.x" in members:
            squares = sum(members[f"momentum.{axis}"] ** 2 for axis in "xyz")
            members = members | {"energy": np.sqrt(squares + members.get("mass", np.zeros(len(objects))) ** 2)}
        return members


def _states(table: TrackRows, values: ChosenRows) -> dict[str, np.ndarray]:
    """The states of tracks, one each."""
    covariance = None if table.covariance is None else values.matrix(table.covariance)
    found = track_states(values.matrix(table.state or []), covariance, table.field or 0.0)
    return found | {"location": np.full(len(values), table.location)}
