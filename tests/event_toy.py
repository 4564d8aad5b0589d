"""Toy events of two collections: jets of generated jets, and muons, which know the jets."""

from pathlib import Path

import awkward as ak
import numpy as np
import uproot

CARD = """
schema = 1
name = "events"

[sample]
files = "full.root"
tree = "Events"
split = { train = 0.6, validation = 0.2, test = 0.2 }

[collection.Jet.related.jet]
index = "Jet_genJetIdx"

[collection.Jet.columns]
gen_pt = { unit = "GeV", source = "GenJet_pt" }
gen_eta = { unit = "", source = "GenJet_eta" }
gen_phi = { unit = "rad", source = "GenJet_phi" }

[collection.Jet.reconstructed]
found = { unit = "", source = "count", of = "jet" }
pt = { unit = "GeV", source = "Jet_pt", of = "jet", from = "gen_pt * ratio" }
eta = { unit = "", source = "Jet_eta", of = "jet", from = "gen_eta" }
phi = { unit = "rad", source = "Jet_phi", of = "jet", from = "gen_phi" }

[[collection.Jet.stage]]
name = "efficiency"
kind = "category"
given = ["log10(gen_pt)"]
predict = "found"
model = { width = 8, depth = 1 }
training = { epochs = 1 }

[[collection.Jet.stage]]
name = "response"
kind = "response"
where = "found > 0"
given = ["log10(gen_pt)"]
predict = { ratio = { expression = "pt / gen_pt", type = "positive" } }
model = { width = 8, depth = 1, steps = 1 }
training = { epochs = 1 }

[collection.Jet.output]
where = "found > 0"
columns = ["pt", "eta", "phi"]
link = "genJetIdx"

[collection.Muon.related.muon]
index = "Muon_genPartIdx"

[collection.Muon.related.jet]
nearest = ["Jet_eta", "Jet_phi"]
to = ["GenPart_eta", "GenPart_phi"]
radius = 0.4

[collection.Muon.columns]
gen_pt = { unit = "GeV", source = "GenPart_pt" }
gen_eta = { unit = "", source = "GenPart_eta" }
gen_phi = { unit = "rad", source = "GenPart_phi" }
pdg = { unit = "", source = "GenPart_pdgId" }
jet_pt = { unit = "GeV", source = "Jet_pt", of = "jet" }

[collection.Muon.derive]
muon = "abs(pdg) == 13"

[collection.Muon.reconstructed]
pt = { unit = "GeV", source = "Muon_pt", of = "muon", from = "gen_pt * ratio" }
eta = { unit = "", source = "Muon_eta", of = "muon", from = "gen_eta" }
phi = { unit = "rad", source = "Muon_phi", of = "muon", from = "gen_phi" }

[[collection.Muon.stage]]
name = "response"
kind = "response"
where = "muon"
given = ["log10(gen_pt)", "jet_pt"]
predict = { ratio = { expression = "pt / gen_pt", type = "positive" } }
model = { width = 8, depth = 1, steps = 1 }
training = { epochs = 1 }

[collection.Muon.output]
where = "muon"
columns = ["pt", "eta", "phi"]
link = "genPartIdx"
"""


def write_events(path: Path, events: int = 200, seed: int = 0) -> None:
    """A file with the names of NanoAOD: jets are found with 80 %, all muons are, pions are not looked for."""
    random = np.random.default_rng(seed)
    jets, particles = random.poisson(4, events) + 1, random.poisson(3, events) + 1
    gen_jet = _directions(random, jets, mean=4.0)
    particle = _directions(random, particles, mean=2.5)
    particle["pdgId"] = random.choice([13, -13, 211], particles.sum()).astype(np.int32)
    found, muon = random.random(jets.sum()) < 0.8, np.abs(particle["pdgId"]) == 13
    places = [np.concatenate([np.arange(n, dtype=np.int32) for n in number]) for number in (jets, particles)]
    jet = {name: values[found] for name, values in gen_jet.items()} | {"genJetIdx": places[0][found]}
    jet["pt"] = jet["pt"] * random.normal(1, 0.1, found.sum()).clip(0.5).astype(np.float32)
    reco = {name: values[muon] for name, values in particle.items()} | {"genPartIdx": places[1][muon]}
    reco["pt"] = reco["pt"] * random.normal(1, 0.02, muon.sum()).astype(np.float32)
    del reco["pdgId"]
    collections = {
        "GenJet": _lists(gen_jet, jets),
        "GenPart": _lists(particle, particles),
        "Jet": _lists(jet, _kept(found, jets)),
        "Muon": _lists(reco, _kept(muon, particles)),
    }
    numbers = {
        "run": np.ones(events, np.uint32),
        "luminosityBlock": np.ones(events, np.uint32),
        "event": np.arange(events, dtype=np.uint64),
        "genWeight": random.normal(1, 0.1, events).astype(np.float32),
    }
    with uproot.recreate(path) as file:
        file.mktree("Events", {name: these.dtype for name, these in numbers.items()} | _types(collections))
        file["Events"].extend(numbers | collections)


def _directions(random: np.random.Generator, counts: np.ndarray, mean: float) -> dict[str, np.ndarray]:
    n = counts.sum()
    values = {"pt": np.exp(random.normal(mean, 0.5, n)), "eta": random.uniform(-2.5, 2.5, n)}
    values["phi"] = random.uniform(-np.pi, np.pi, n)
    return {name: array.astype(np.float32) for name, array in values.items()}


def _lists(columns: dict[str, np.ndarray], counts: np.ndarray) -> ak.Array:
    return ak.zip({name: ak.unflatten(values, counts) for name, values in columns.items()})


def _kept(mask: np.ndarray, counts: np.ndarray) -> np.ndarray:
    return ak.to_numpy(ak.sum(ak.unflatten(mask, counts), axis=1))


def _types(collections: dict[str, ak.Array]) -> dict[str, ak.types.Type]:
    return {name: array.type.content for name, array in collections.items()}
