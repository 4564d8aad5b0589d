"""Events of NanoAOD with leptons of leptons and of jets, photons, and isolated tracks, of which everything is known."""

from typing import Any

import awkward as ak
import numpy as np
from nanoaod_events import LAST_COPY

TYPES: dict[str, type] = {"pdgId": np.int32, "charge": np.int32, "statusFlags": np.uint16, "hadronFlavour": np.uint8}
CONE = 0.05
"""Spread of what is reconstructed around a generated jet."""

Object = dict[str, float]


def events(n: int = 300) -> tuple[dict[str, Any], dict[str, int]]:
    """The columns, and how many electrons, and tracks, come of what."""
    random = np.random.default_rng(4)
    found = {"electrons": 0, "electrons of jets": 0, "other electrons": 0}
    rows = [_event(random, found) for _ in range(n)]
    columns: dict[str, Any] = {
        "run": np.ones(n, np.uint32),
        "event": np.arange(n, dtype=np.uint64),
        "Pileup_nTrueInt": random.uniform(20, 60, n).astype(np.float32),
    }
    for name in rows[0]:
        for suffix in next(one[0] for row in rows if (one := row[name])):
            values = ak.Array([[one[suffix] for one in row[name]] for row in rows])
            dtype = np.int16 if "Idx" in suffix else TYPES.get(suffix, np.float32)
            columns[f"{name}_{suffix}"] = ak.values_astype(values, dtype)
    return columns, found


def _event(random: np.random.Generator, found: dict[str, int]) -> dict[str, list[Object]]:
    """Jets far from each other; an electron, and a muon that may radiate, far from them."""
    number = random.integers(1, 6)
    gen_jets = [_thing(random, 20, 100, -2.5 + i, random.uniform(-3, 3)) for i in range(number)]
    for jet in gen_jets:
        jet |= {"hadronFlavour": random.choice([0, 5]), "mass": jet["pt"] / 10}
    jets = _seen(random, gen_jets, 0.95, "genJetIdx")
    for jet in jets:
        jet |= {"mass": jet["pt"] / 10, "electronIdx2": -1}  # as no jet here has two
    side = random.choice([-3.0, 3.0])
    electron, muon = (_thing(random, 10, 60, side, random.uniform(low, low + 1)) for low in (-2, 1))
    radiated = [_near(random, muon, 0.1, 3, 8)] if random.random() < 0.5 else []
    particles = [electron | {"pdgId": random.choice([-11, 11])}, muon | {"pdgId": random.choice([-13, 13])}]
    particles = [one | {"statusFlags": LAST_COPY} for one in (*particles, *(one | {"pdgId": 22} for one in radiated))]
    vertices = {place: _near(random, jet, CONE, 5, 10) for place, jet in enumerate(gen_jets) if jet["hadronFlavour"]}
    electrons = _electrons(random, particles[0], gen_jets, jets, vertices, found)
    photons = [one for one in electrons if one["genPartIdx"] == 0 and random.random() < 0.6]
    for one in electrons:
        one["photonIdx"] = -1
    for place, one in enumerate(photons):
        one["photonIdx"] = place
    muons = [one | {"charge": -np.sign(particles[1]["pdgId"])} for one in _seen(random, [muon], 0.9, "genPartIdx")]
    fsr = _seen(random, radiated, 1, "") if muons else []
    if muons and not radiated and random.random() < 0.3:
        fsr = [_near(random, muon, 0.2, 3, 8)]  # of a photon that the generator does not list
    for one in muons:
        one |= {"genPartIdx": 1, "jetIdx": -1, "fsrPhotonIdx": len(fsr) - 1}
    tracks = _seen(random, [electron, muon], 0.5, "") + _seen(random, gen_jets, 0.2, "")
    return {
        "GenJet": gen_jets,
        "GenPart": particles,
        "Jet": jets,
        "SV": [vertices[place] for place in sorted(vertices, key=lambda place: -vertices[place]["pt"])],
        "Electron": electrons,
        "Muon": muons,
        "Photon": [
            *(_seen(random, [one], 1, "")[0] | {"electronIdx": electrons.index(one), "jetIdx": -1} for one in photons),
            *(one | {"electronIdx": -1, "jetIdx": -1} for one in _seen(random, radiated, 0.5, "")),
        ],
        "FsrPhoton": [one | {"muonIdx": 0} for one in fsr],
        "IsoTrack": [one | {"dz": random.normal(0, 0.1)} for one in tracks],
    }


def _electrons(
    random: np.random.Generator,
    gen: Object,
    gen_jets: list[Object],
    jets: list[Object],
    vertices: dict[int, Object],
    found: dict[str, int],
) -> list[Object]:
    """One of the particle, some of jets, and some of nothing, far from both."""
    nowhere = {"jetIdx": -1, "svIdx": -1}
    of_particle = [one | {"genPartIdx": 0} | nowhere for one in _seen(random, [gen], 0.8, "")]
    places = {int(jet["genJetIdx"]): place for place, jet in enumerate(jets)}
    inside = [place for place in range(len(gen_jets)) if random.random() < 0.15 + 0.2 * (place == 0)]
    hardest = sorted(vertices, key=lambda place: -vertices[place]["pt"])
    of_jets = [
        _near(random, gen_jets[place], CONE, 5, 15)
        | {"genPartIdx": -1, "jetIdx": places.get(place, -1)}
        | {"svIdx": hardest.index(place) if place in vertices and random.random() < 0.7 else -1}
        for place in inside
    ]
    others = [
        _thing(random, 5, 10, random.choice([-4.0, 4.0]), random.uniform(-3, 3)) | {"genPartIdx": -1} | nowhere
        for _ in range(random.poisson(0.15))
    ]
    for name, these in zip(found, (of_particle, of_jets, others), strict=True):
        found[name] += len(these)
    electrons = [
        one | {"charge": random.choice([-1, 1]), "mvaIso": random.beta(2, 2)}
        for one in (*of_particle, *of_jets, *others)
    ]
    return sorted(electrons, key=lambda one: -one["pt"])


def _thing(random: np.random.Generator, low: float, high: float, eta: float, phi: float) -> Object:
    return {"pt": random.uniform(low, high), "eta": eta + random.normal(0, 0.02), "phi": phi}


def _near(random: np.random.Generator, one: Object, width: float, low: float, high: float) -> Object:
    deta, dphi = random.normal(0, width / 2, 2)
    return {"pt": random.uniform(low, high), "eta": one["eta"] + deta, "phi": one["phi"] + dphi}


def _seen(random: np.random.Generator, ones: list[Object], share: float, link: str) -> list[Object]:
    """Some of them as a detector sees them, hardest first; with their places."""
    seen = [
        {"pt": one["pt"] * random.normal(1, 0.05), "eta": one["eta"] + random.normal(0, 1e-3), "phi": one["phi"]}
        | ({link: place} if link else {})
        for place, one in enumerate(ones)
        if random.random() < share
    ]
    return sorted(seen, key=lambda one: -one["pt"])
