"""Collections of EDM4hep: names and types of the data model, links that lead where they say, in every format."""

import json
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pyarrow.parquet as pq
import pytest
import uproot
from output_formats import FORMATS

from flashsim.card import Card, card_from_dict
from flashsim.errors import FlashSimError
from flashsim.events import EventBatch, OutputSchema, content_sha256, open_writer
from flashsim.events.edm4hep_model import DATATYPES, OBJECT_ID, TRACK_STATE
from flashsim.simulation import Block, SimulatedBlock
from flashsim.simulation.collections import output_metadata
from flashsim.simulation.edm4hep import to_edm4hep
from flashsim.simulation.edm4hep_rows import collection_name
from flashsim.simulation.track_states import OMEGA, track_states
from flashsim.simulation.unfinished import Counts, Unfinished
from flashsim.stages import Namespace, with_slots

STATE = ["rx", "ry", "rz", "rtx", "rty", "rqop"]
COVARIANCE = [f"c{row}{column}" for row in range(5) for column in range(row + 1)]
CARD: dict[str, Any] = {
    "schema": 1,
    "name": "toy",
    "sample": {"files": ["none.parquet"]},
    "columns": dict.fromkeys(["pid", "mother"], "")
    | dict.fromkeys(["px", "py", "pz"], "GeV")
    | dict.fromkeys(["vx", "vy", "vz"], "mm"),
    "reconstructed": dict.fromkeys(["found", *STATE, "chi2", "hits", *COVARIANCE, "energy"], ""),
    "stage": [
        {"name": "a", "kind": "category", "given": ["px"], "predict": "found"},
        {
            "name": "b",
            "kind": "response",
            "given": ["px"],
            "predict": {name: {} for name in [*STATE, "chi2", "hits", "energy", *COVARIANCE]},
        },
    ],
    "output": {
        "name": "track",
        "where": "found > 0",
        "columns": ["chi2"],
        "edm4hep": {
            "Track": {
                "where": "found == 1",
                "type": "found",
                "chi2": "chi2",
                "ndf": "2 * hits - 5",
                "subdetectorHitNumbers": ["hits", "1"],
                "state": STATE,
                "covariance": COVARIANCE,
                "field": 2.0,
            },
            "Cluster": {"where": "found == 2", "energy": "energy", "position": {"x": "rx", "y": "ry", "z": "12000"}},
            "ReconstructedParticle": {"mass": "0.13957"},
            "ParticleID": {"where": "found == 1", "PDG": "sign(rqop) * 211", "likelihood": "chi2 / 10"},
        },
    },
}


@pytest.fixture(scope="module")
def card() -> Card:
    return card_from_dict(CARD)


@pytest.fixture(scope="module")
def simulated(card: Card) -> SimulatedBlock:
    """Events of particles that decay to two, of which some are found as tracks (1) and some as clusters (2)."""
    random = np.random.default_rng(0)
    counts = np.array([0, 3, 9, 30, 6], np.int64)
    offsets = np.concatenate([[0], np.cumsum(counts)])
    n, place = int(counts.sum()), np.concatenate([np.arange(count) for count in counts])
    columns = {
        "pid": np.where(place % 3, np.where(place % 2, 211, -211), 310),
        "mother": np.where(place % 3, place - place % 3, -1),
    } | {name: random.normal(size=n) for name in ("px", "py", "pz", "vx", "vy", "vz")}
    batch = EventBatch(np.full(5, 7), np.arange(5) + 100, offsets, columns)
    namespace = Namespace(card, batch)
    found = np.where(place % 3, random.integers(0, 3, n), 0)
    matrix = random.normal(size=(n, 5, 5)) * [0.1, 0.1, 1e-3, 1e-3, 1e-4]
    covariance = matrix.transpose(0, 2, 1) @ matrix
    drawn = {"rx": random.normal(size=n), "ry": random.normal(size=n), "rz": random.normal(size=n) * 50}
    drawn |= {"rtx": random.normal(size=n) / 10, "rty": random.normal(size=n) / 10}
    drawn |= {"rqop": random.choice([-1, 1], n) / random.uniform(2, 100, n), "chi2": random.uniform(1, 9, n)}
    drawn |= {"hits": random.integers(5, 9, n).astype(float), "energy": random.uniform(1, 9, n)}
    drawn |= {name: covariance[:, int(name[1]), int(name[2])] for name in COVARIANCE}
    namespace.attach({"found": found} | {name: np.where(found > 0, v, np.nan) for name, v in drawn.items()})
    block = Block(0, batch, np.zeros(5, np.int64), 5, n)
    return SimulatedBlock(block, namespace, np.zeros(5, np.int32), {}, {"a": random.random(n) < 0.2})


@pytest.fixture(scope="module")
def written(card: Card, simulated: SimulatedBlock, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    batch = to_edm4hep(card, simulated, {})
    found = {}
    for kind, (name, form) in FORMATS.items():
        path = tmp_path_factory.mktemp(kind) / name
        with open_writer(path, OutputSchema.of(batch), output_metadata(card), format=form) as writer:  # type: ignore
            writer.write(batch.slice(0, 2))
            writer.write(batch.slice(2, 5))
        found[kind] = path
    return found


def test_leaves_are_named_and_typed_as_in_edm4hep(card: Card, written: dict[str, Path]):
    """As uproot shows a file of podio: ``<collection>.<member>``, ``_<collection>_<relation>.index``."""
    with uproot.open(written["ttree"]) as file:
        branches = file["events"].branches
        lists = {branch.name: branch.interpretation for branch in branches if hasattr(branch.interpretation, "content")}
    found = {name: np.dtype(lists[name].content.from_dtype).newbyteorder("=") for name in lists}
    for datatype in ("EventHeader", "MCParticle", "Track", "Cluster", "ReconstructedParticle", "ParticleID",
                     "RecoMCParticleLink", "TrackMCParticleLink", "ClusterMCParticleLink"):  # fmt: skip
        model, name = DATATYPES[datatype], collection_name(datatype)
        leaves = {f"{name}.{member}": kind for member, kind in model.members.items()}
        for vector, kinds in model.vectors.items():
            leaves |= {f"_{name}_{vector}" + (f".{leaf}" if leaf else ""): kind for leaf, kind in kinds.items()}
        for relation in (*model.many, *model.one):
            leaves |= {f"_{name}_{relation}.{leaf}": kind for leaf, kind in OBJECT_ID.items()}
        for relation in (*model.many, *model.vectors):
            leaves |= {f"{name}.{relation}_{end}": np.dtype(np.uint32) for end in ("begin", "end")}
        for leaf, kind in leaves.items():
            assert found[leaf] == kind.base, leaf
    assert "_Vertices_particles.index" not in found


def test_the_content_is_the_same_in_every_format(written: dict[str, Path]):
    assert len({content_sha256(path) for path in written.values()}) == 1
    parquet = ak.from_parquet(written["parquet"])
    with uproot.open(written["rntuple"]) as file:
        rntuple = file["events"].arrays()
    with uproot.open(written["ttree"]) as file:
        tree = file["events"].arrays(["Tracks.chi2", "MCParticles.momentum.x"], library="ak")
    for events in (parquet, rntuple):
        assert ak.array_equal(events["Tracks"]["chi2"], tree["Tracks.chi2"], dtype_exact=False)
        assert ak.array_equal(events["MCParticles"]["momentum", "x"], tree["MCParticles.momentum.x"], dtype_exact=False)
    assert set(parquet["_Tracks_trackStates"].fields) == {name.partition(".")[0] for name in TRACK_STATE}


def test_relations_lead_where_they_say(written: dict[str, Path], simulated: SimulatedBlock):
    """Each collection by its number, each object by its place in the event; nothing beyond an end."""
    events = ak.from_parquet(written["parquet"])
    metadata = json.loads((pq.read_schema(written["parquet"]).metadata or {})[b"flashsim"])
    of_id = {entry["id"]: name for name, entry in metadata["collections"].items()}
    targets = {
        "_ReconstructedParticles_tracks": "Tracks",
        "_ReconstructedParticles_clusters": "Clusters",
        "_ParticleIDs_particle": "ReconstructedParticles",
        "_RecoMCParticleLinks_from": "ReconstructedParticles",
        "_RecoMCParticleLinks_to": "MCParticles",
        "_TrackMCParticleLinks_from": "Tracks",
        "_MCParticles_parents": "MCParticles",
        "_MCParticles_daughters": "MCParticles",
    }
    for relation, target in targets.items():
        assert ak.count(events[relation]["index"]) > 0
        assert {of_id[number] for number in np.unique(ak.to_numpy(ak.flatten(events[relation]["collectionID"])))} == {
            target
        }
        assert ak.all(events[relation]["index"] < ak.num(events[target]))
    assert set(ak.flatten(events["_ReconstructedParticles_decayVertex"]["index"])) == {-2}
    for event in events:
        particles = event["MCParticles"]
        for place, particle in enumerate(particles):
            for child in event["_MCParticles_daughters"]["index"][particle.daughters_begin : particle.daughters_end]:
                begin = particles[child].parents_begin
                assert event["_MCParticles_parents"]["index"][begin] == place
                if child == event["_MCParticles_daughters"]["index"][particle.daughters_begin]:
                    assert particle.endpoint.x == particles[child].vertex.x
        linked = event["MCParticles"][event["_TrackMCParticleLinks_to"]["index"]]
        assert ak.all(abs(linked.PDG) == 211)
        for particle in event["ReconstructedParticles"]:
            ends = particle.tracks_begin, particle.tracks_end
            for index in event["_ReconstructedParticles_tracks"]["index"][slice(*ends)]:
                assert event["Tracks"][index].trackStates_end - event["Tracks"][index].trackStates_begin == 1


def test_members_are_the_formulas_of_the_card(written: dict[str, Path], simulated: SimulatedBlock):
    events, names = ak.from_parquet(written["parquet"]), simulated.namespace
    tracks = names["found"] == 1
    np.testing.assert_allclose(ak.flatten(events["Tracks"]["ndf"]), 2 * names["hits"][tracks] - 5)
    assert ak.flatten(events["_Tracks_subdetectorHitNumbers"]).tolist() == np.stack(
        [names["hits"][tracks], np.ones(tracks.sum())], axis=1).ravel().tolist()  # fmt: skip
    particles = events["ReconstructedParticles"]
    is_track = ak.flatten(particles["tracks_end"] > particles["tracks_begin"])
    momentum = np.stack([ak.to_numpy(ak.flatten(particles["momentum", axis])) for axis in "xyz"], axis=1)[is_track]
    np.testing.assert_allclose(np.linalg.norm(momentum, axis=1), 1 / np.abs(names["rqop"][tracks]), rtol=1e-5)
    np.testing.assert_allclose(momentum[:, 0] / momentum[:, 2], names["rtx"][tracks], rtol=1e-4)
    np.testing.assert_allclose(
        ak.to_numpy(ak.flatten(particles["energy"]))[is_track],
        np.hypot(1 / names["rqop"][tracks], 0.13957),
        rtol=1e-5,
    )
    np.testing.assert_array_equal(ak.flatten(particles["charge"])[is_track], np.sign(names["rqop"][tracks]))
    masses = ak.to_numpy(ak.flatten(events["MCParticles"]["mass"]))
    assert set(np.round(masses, 4)) == {0.1396, 0.4976}
    assert events["EventHeader"]["eventNumber"].tolist() == [[100], [101], [102], [103], [104]]
    outside = simulated.outside_any[tracks]
    assert ak.flatten(events["Tracks_outside"]).tolist() == outside.tolist()


def test_the_covariance_of_a_state_is_that_of_its_helix(simulated: SimulatedBlock):
    """Finite differences of where a shifted line is closest to the point of reference."""

    def helix(numbers: np.ndarray, reference: np.ndarray) -> np.ndarray:
        x, y, tx, ty, qop = numbers
        slope = np.hypot(tx, ty)
        phi = np.arctan2(ty, tx)
        dx, dy = x - reference[0], y - reference[1]
        back = -(dx * np.cos(phi) + dy * np.sin(phi))
        d0 = -dx * np.sin(phi) + dy * np.cos(phi)
        omega = OMEGA * 2.0 * qop * np.sqrt(1 + slope**2) / slope
        return np.array([d0, phi, omega, back / slope, 1 / slope])

    state = np.array([1.0, -2.0, 30.0, 0.1, 0.05, -0.02])
    numbers = state[[0, 1, 3, 4, 5]]
    steps = np.array([1e-4, 1e-4, 1e-7, 1e-7, 1e-7])
    jacobian = np.stack(
        [(helix(numbers + step, state) - helix(numbers - step, state)) / (2 * step.sum()) for step in np.diag(steps)],
        axis=1,
    )
    random = np.random.default_rng(1).normal(size=(5, 5)) * [0.1, 0.1, 1e-3, 1e-3, 1e-4]
    covariance = random.T @ random
    lower = covariance[np.tril_indices(5)]
    found = track_states(state[None], lower[None], 2.0)
    assert found["omega"][0] == pytest.approx(helix(numbers, state)[2])
    expected = (jacobian @ covariance @ jacobian.T)[np.tril_indices(5)]
    np.testing.assert_allclose(found["covMatrix.values"][0, :15], expected, rtol=1e-4)
    assert not found["covMatrix.values"][0, 15:].any()


def test_a_block_that_was_kept_is_the_same_block(card: Card, simulated: SimulatedBlock, tmp_path: Path):
    batch = to_edm4hep(card, simulated, {})
    folder = Unfinished(tmp_path / "x", {})
    folder.save(0, batch, Counts(events=1))
    found = folder.load(0)
    assert found is not None
    assert OutputSchema.of(found[0]) == OutputSchema.of(batch)


REFUSED = {
    "unknown": ({"Track": {"chisq": "chi2"}}, "unknown key output.edm4hep.Track.chisq (did you mean 'chi2'?)"),
    "name": ({"Track": {"chi2": "chi3"}}, "output.edm4hep.Track.chi2 = 'chi3': unknown name 'chi3'"),
    "field": ({"Track": {"state": STATE}}, "state and field (B_z in tesla, not 0) are given together"),
    "size": ({"Track": {"state": STATE[:5], "field": 1.0}}, "output.edm4hep.Track.state"),
    "particle": ({"ParticleID": {}}, "add [output.edm4hep.ReconstructedParticle]"),
    "truth": ({"MCParticle": {"time": "chi2"}}, "output.edm4hep.MCParticle.time = 'chi2'"),
    "type": ({"Tracks": {}}, "did you mean 'Track'?"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_the_data_model_does_not_have_is_refused(case: str):
    table, words = REFUSED[case]
    with pytest.raises(FlashSimError) as error:
        card_from_dict(CARD | {"output": CARD["output"] | {"edm4hep": table}})
    assert words in str(error.value)


def test_what_follows_nothing_has_rows_but_no_link(simulated: SimulatedBlock):
    """Unmatched tracks and clusters stand behind the others of their event, and no link leads from them."""
    drawn = ["found", *STATE, "chi2", "hits", "energy", *COVARIANCE]
    stages = [
        {"name": "n", "kind": "category", "of": "events", "given": ["event_sum(px)"], "predict": "extra"},
        {"name": "u", "kind": "category", "of": "unmatched", "given": ["slot"], "predict": "found"},
        {"name": "v", "kind": "response", "of": "unmatched", "given": ["slot"], "predict": {n: {} for n in drawn[1:]}},
    ]
    table = {"unmatched": {"where": "pid == 0", "number": "extra"}, "stage": [*CARD["stage"], *stages]}
    card = card_from_dict(CARD | table)
    block, number = simulated.block, np.array([1, 0, 2, 0, 3])
    batch = with_slots(card, block.batch, np.maximum(number, 1))
    namespace = Namespace(card, batch)
    own = namespace.of("generated")
    spread = {name: np.full(batch.n_objects, np.nan) for name in drawn}
    for name in drawn:
        spread[name][own] = simulated.namespace[name]
    namespace.attach(spread)
    namespace.attach({"extra": number[batch.event_index]}, "events")
    kind = np.where(batch.columns["slot"] == 1, 2, 1)  # a track first, then a cluster
    namespace.attach({"found": kind} | {name: np.full(batch.n_objects, 0.5) for name in drawn[1:]}, "unmatched")
    outside = {"a": np.zeros(batch.n_objects, bool)}
    found = to_edm4hep(card, SimulatedBlock(block, namespace, simulated.member, {}, outside), {}).collections
    before = to_edm4hep(card, simulated, {}).collections
    rows = np.diff(found["ReconstructedParticles"].offsets) - np.diff(before["ReconstructedParticles"].offsets)
    np.testing.assert_array_equal(rows, number)
    np.testing.assert_array_equal(np.diff(found["Tracks"].offsets) - np.diff(before["Tracks"].offsets), [1, 0, 1, 0, 2])
    same = [name for name in found if name.startswith(("MCParticle", "_MCParticle", "EventHeader"))]
    same += [name for name in found if "Link" in name]
    assert len(same) > 8
    for name in same:
        np.testing.assert_array_equal(found[name].offsets, before[name].offsets)
        for column in found[name].columns:
            np.testing.assert_array_equal(found[name].columns[column], before[name].columns[column])
