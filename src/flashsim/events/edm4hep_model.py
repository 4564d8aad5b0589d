"""The types of EDM4hep that FlashSim writes: members, vectors and relations, by the names of the published data model.

Of edm4hep.yaml of key4hep/EDM4hep, schema version 6, without what is of hits.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

SCHEMA = 6
INT, UINT, FLOAT, DOUBLE = np.dtype(np.int32), np.dtype(np.uint32), np.dtype(np.float32), np.dtype(np.float64)
LONG = np.dtype(np.uint64)


def _vector(name: str, kind: np.dtype) -> dict[str, np.dtype]:
    return {f"{name}.{axis}": kind for axis in "xyz"}


def _matrix(name: str, size: int) -> dict[str, np.dtype]:
    """A symmetric matrix of floats, its lower triangle row by row."""
    return {f"{name}.values": np.dtype((FLOAT, (size * (size + 1) // 2,)))}


@dataclass(frozen=True)
class Datatype:
    """Members of a type (``momentum.x`` for those of its vectors), vectors of numbers or components, and relations to
    one or many others.
    """

    members: Mapping[str, np.dtype]
    vectors: Mapping[str, Mapping[str, np.dtype]] = field(default_factory=dict)
    many: tuple[str, ...] = ()
    one: tuple[str, ...] = ()


OBJECT_ID = {"index": INT, "collectionID": UINT}
TRACK_STATE = (
    {"location": INT, "D0": FLOAT, "phi": FLOAT, "omega": FLOAT, "Z0": FLOAT, "tanLambda": FLOAT, "time": FLOAT}
    | _vector("referencePoint", FLOAT)
    | _matrix("covMatrix", 6)
)
LINK = Datatype({"weight": FLOAT}, one=("from", "to"))

DATATYPES: dict[str, Datatype] = {
    "EventHeader": Datatype(
        {"eventNumber": LONG, "runNumber": UINT, "timeStamp": LONG, "weight": DOUBLE}, vectors={"weights": {"": DOUBLE}}
    ),
    "MCParticle": Datatype(
        {"PDG": INT, "generatorStatus": INT, "simulatorStatus": INT, "charge": FLOAT, "time": FLOAT, "mass": DOUBLE}
        | _vector("vertex", DOUBLE)
        | _vector("endpoint", DOUBLE)
        | _vector("momentum", DOUBLE)
        | _vector("momentumAtEndpoint", DOUBLE)
        | {"helicity": INT},
        many=("parents", "daughters"),
    ),
    "Track": Datatype(
        {"type": INT, "chi2": FLOAT, "ndf": INT, "Nholes": INT},
        vectors={
            "subdetectorHitNumbers": {"": INT},
            "subdetectorHoleNumbers": {"": INT},
            "trackStates": TRACK_STATE,
        },
        many=("trackerHits", "tracks"),
    ),
    "ReconstructedParticle": Datatype(
        {"PDG": INT, "energy": FLOAT}
        | _vector("momentum", FLOAT)
        | _vector("referencePoint", FLOAT)
        | {"charge": FLOAT, "mass": FLOAT, "goodnessOfPID": FLOAT}
        | _matrix("covMatrix", 4),
        many=("clusters", "tracks", "particles"),
        one=("decayVertex",),
    ),
    "ParticleID": Datatype(
        {"type": INT, "PDG": INT, "algorithmType": INT, "likelihood": FLOAT},
        vectors={"parameters": {"": FLOAT}},
        one=("particle",),
    ),
    "Cluster": Datatype(
        {"type": INT, "energy": FLOAT, "energyError": FLOAT}
        | _vector("position", FLOAT)
        | _matrix("positionError", 3)
        | {"iTheta": FLOAT, "iPhi": FLOAT}
        | _vector("directionError", FLOAT),
        vectors={"shapeParameters": {"": FLOAT}, "subdetectorEnergies": {"": FLOAT}},
        many=("clusters", "hits"),
    ),
    "Vertex": Datatype(
        {"type": UINT, "chi2": FLOAT, "ndf": INT}
        | _vector("position", FLOAT)
        | _matrix("covMatrix", 3)
        | {"algorithmType": INT},
        vectors={"parameters": {"": FLOAT}},
        many=("particles",),
    ),
    "RecoMCParticleLink": LINK,
    "TrackMCParticleLink": LINK,
    "ClusterMCParticleLink": LINK,
}
