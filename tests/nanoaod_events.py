"""Events with the names and the rules of NanoAOD, of which everything is known."""

from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import uproot

EVENTS = 260
LAST_COPY = 1 << 13


def events(n: int = EVENTS) -> dict[str, Any]:
    """Jets, none in some events, muons and missing momentum; some jets are of pile-up, and a muon in four is lost."""
    random = np.random.default_rng(0)
    jets = random.integers(0, 8, n)
    total = int(jets.sum())
    gen = {
        "pt": np.exp(random.normal(4, 0.5, total)).astype(np.float32),
        "eta": random.uniform(-4, 4, total).astype(np.float32),
        "phi": random.uniform(-np.pi, np.pi, total).astype(np.float32),
        "hadronFlavour": random.choice(np.array([0, 4, 5], np.uint8), total),
    }
    pileup = random.uniform(20, 60, n).astype(np.float32)
    event = np.repeat(np.arange(n), jets)
    place = np.arange(total) - np.repeat(np.cumsum(jets) - jets, jets)
    kept = random.random(total) < 0.9
    extra = np.repeat(np.arange(n), random.poisson(0.02 * pileup))
    score = 0.7 * random.beta(2, 3, total) + 0.3 * (gen["hadronFlavour"] == 5)
    # Pile-up jets come last in a list, as those of lowest momentum.
    order = np.argsort(np.concatenate([event[kept], extra]), kind="stable")
    others = len(extra)
    jet = {
        "pt": np.concatenate([gen["pt"] * random.lognormal(0, 0.1, total), np.zeros(0)])[kept],
        "eta": (gen["eta"] + random.normal(0, 0.01, total))[kept],
        "phi": np.angle(np.exp(1j * (gen["phi"] + random.normal(0, 0.01, total))))[kept],
        "hadronFlavour": gen["hadronFlavour"][kept],
        "btagDeepFlavB": score[kept],
        "nConstituents": random.poisson(20, total)[kept],
        "chEmEF": np.where(random.random(total) < 0.5, 0, random.random(total))[kept],
        "genJetIdx": place[kept],
    }
    noise = {
        "pt": 15 + random.exponential(5, others),
        "eta": random.uniform(-4, 4, others),
        "phi": random.uniform(-np.pi, np.pi, others),
        "hadronFlavour": np.zeros(others),
        "btagDeepFlavB": random.beta(1, 9, others),
        "nConstituents": random.poisson(8, others),
        "chEmEF": np.zeros(others),
        "genJetIdx": np.full(others, -1),
    }
    types = {"hadronFlavour": np.uint8, "nConstituents": np.int32, "genJetIdx": np.int16}
    jet = {
        name: np.concatenate([values, noise[name]])[order].astype(types.get(name, np.float32))
        for name, values in jet.items()
    }
    jet["isTight"] = (jet["btagDeepFlavB"] > 0.55).astype(bool)
    jet["area"] = np.full(len(order), 0.5, np.float32)
    n_jets = np.bincount(event[kept], minlength=n) + np.bincount(extra, minlength=n)
    found: dict[str, Any] = {f"Jet_{name}": ak.unflatten(values, n_jets) for name, values in jet.items()}
    found |= {f"GenJet_{name}": ak.unflatten(values, jets) for name, values in gen.items()}
    found |= _muons(random, n)
    found |= {"run": np.ones(n, np.uint32), "event": np.arange(n, dtype=np.uint64), "Pileup_nTrueInt": pileup}
    found["PV_npvs"] = random.poisson(0.8 * pileup).astype(np.uint8)
    gen_met = random.exponential(40, (2, n))
    met = gen_met + random.normal(0, 10, (2, n))
    for name, (x, y) in (("GenMET", gen_met), ("PuppiMET", met)):
        found[f"{name}_pt"], found[f"{name}_phi"] = (
            np.hypot(x, y).astype(np.float32),
            np.arctan2(y, x).astype(np.float32),
        )
    return found


def _muons(random: np.random.Generator, n: int) -> dict[str, Any]:
    """Two particles an event, one of them a muon; of every third event a muon of nothing."""
    sign = random.choice([-1, 1], n)
    pdg = np.stack([13 * sign, np.full(n, 2)], axis=1)
    pt, eta, phi = random.uniform(5, 80, (n, 2)), random.uniform(-2.4, 2.4, (n, 2)), random.uniform(-3, 3, (n, 2))
    flags = np.where(np.abs(pdg) == 13, LAST_COPY | random.integers(0, 2, (n, 2)), LAST_COPY)
    here, fake = random.random(n) < 0.75, random.random(n) < 0.3
    counts = here.astype(int) + fake
    which = np.concatenate([np.stack([here, fake], axis=1).ravel()])

    def both(true: np.ndarray, false: np.ndarray, dtype: type = np.float32) -> ak.Array:
        return ak.unflatten(np.stack([true, false], axis=1).ravel()[which].astype(dtype), counts)

    level, other = random.integers(0, 4, n), random.integers(0, 2, n)
    isolation, wide = random.exponential(0.1, n), random.exponential(1.0, n)
    muon = {
        "pt": both(pt[:, 0] * random.normal(1, 0.02, n), random.uniform(3, 20, n)),
        "eta": both(eta[:, 0] + random.normal(0, 1e-3, n), random.uniform(-2.4, 2.4, n)),
        "phi": both(phi[:, 0] + random.normal(0, 1e-3, n), random.uniform(-3, 3, n)),
        "charge": both(-sign, random.choice([-1, 1], n), np.int32),
        "looseId": both(level > 0, other > 0, np.bool_),
        "mediumId": both(level > 1, other > 1, np.bool_),
        "tightId": both(level > 2, other > 2, np.bool_),
        "pfRelIso04_all": both(isolation, wide),
        "genPartIdx": both(np.zeros(n), np.full(n, -1), np.int16),
        "jetIdx": both(np.full(n, -1), np.full(n, -1), np.int16),
    }
    muon["pdgId"] = -13 * muon["charge"]
    iso = muon["pfRelIso04_all"]
    muon["pfIsoId"] = ak.values_astype((iso < 0.25) * 1 + (iso < 0.15) * 1, np.uint8)
    particle = {"pdgId": pdg.astype(np.int32), "statusFlags": flags.astype(np.uint16)}
    particle |= {"pt": pt.astype(np.float32), "eta": eta.astype(np.float32), "phi": phi.astype(np.float32)}
    return {f"Muon_{name}": values for name, values in muon.items()} | {
        f"GenPart_{name}": ak.unflatten(values.ravel(), np.full(n, 2)) for name, values in particle.items()
    }


def write(path: Path, columns: dict[str, Any], tree: str = "Events") -> None:
    """A TTree, with a list of counts for each list as NanoAOD has."""
    with uproot.recreate(path) as file:
        file.mktree(tree, {name: ak.Array(values).type.content for name, values in columns.items()})
        file[tree].extend(columns)
