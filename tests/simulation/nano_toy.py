"""Jets, muons and a missing momentum in the form of NanoAOD, and detectors of them whose response is made by hand.

Nothing is trained: what a network would give is a formula here, so that what comes of it can be told.
"""

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import awkward as ak
import numpy as np
import uproot
from scipy import stats

from flashsim.card import EventCard, event_card_from_dict, factor, read_event_card
from flashsim.events import EventBatch, tree_branches
from flashsim.external import Program
from flashsim.release import Detector, EventDetector
from flashsim.stages import Namespace, condition_columns, outputs
from flashsim.training import ExternalResponse, TrainedStage, reference_batches, sample_files

EVENTS = 1500
CARD = """
schema = 1
name = "toy"

[sample]
files = "nano.root"
tree = "Events"

[collection.Jet.related.jet]
index = "Jet_genJetIdx"
[collection.Jet.columns]
gen_pt = { unit = "GeV", source = "GenJet_pt" }
gen_eta = { unit = "", source = "GenJet_eta" }
gen_phi = { unit = "rad", source = "GenJet_phi" }
pileup = { unit = "", source = "Pileup_nTrueInt" }
[collection.Jet.reconstructed]
number = { unit = "", source = "count", of = "jet" }
pt = { unit = "GeV", source = "Jet_pt", of = "jet", from = "gen_pt * ratio" }
eta = { unit = "", source = "Jet_eta", of = "jet", from = "gen_eta" }
phi = { unit = "rad", source = "Jet_phi", of = "jet", from = "gen_phi" }
mass = { unit = "GeV", source = "Jet_mass", of = "jet", from = "pt / 10" }
nConstituents = { unit = "", source = "Jet_nConstituents", of = "jet" }
[collection.Jet.unmatched]
of = "jet"
number = "n_unmatched"
columns = ["pileup"]
[collection.Jet.unmatched.from]
eta = "pu_eta"
phi = "pu_phi"
pt = "pu_pt"
[[collection.Jet.stage]]
name = "efficiency"
kind = "category"
given = ["log10(gen_pt)"]
predict = "number"
[[collection.Jet.stage]]
name = "response"
kind = "response"
where = "number > 0"
given = ["log10(gen_pt)"]
predict = { ratio = { expression = "pt / gen_pt", type = "positive" }, nConstituents = { type = "integer" } }
[[collection.Jet.stage]]
name = "n_unmatched"
kind = "category"
of = "events"
given = ["pileup"]
predict = "n_unmatched"
[[collection.Jet.stage]]
name = "unmatched"
kind = "response"
of = "unmatched"
given = ["pileup"]
[collection.Jet.stage.predict]
pu_pt = { expression = "pt", type = "positive", unit = "GeV" }
pu_eta = "eta"
pu_phi = { expression = "phi", type = "angle", unit = "rad" }
nConstituents = { type = "integer" }
[collection.Jet.output]
where = "number > 0"
columns = ["pt", "eta", "phi", "mass", "nConstituents"]
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
jet_dr = { unit = "", source = "dr", of = "jet" }
jet_index = { unit = "", source = "index", of = "jet" }
n_jets = { unit = "", source = "nJet" }
[collection.Muon.reconstructed]
number = { unit = "", source = "count", of = "muon" }
pt = { unit = "GeV", source = "Muon_pt", of = "muon", from = "gen_pt * ratio" }
eta = { unit = "", source = "Muon_eta", of = "muon", from = "gen_eta" }
phi = { unit = "rad", source = "Muon_phi", of = "muon", from = "gen_phi" }
mass = { unit = "GeV", source = "Muon_mass", of = "muon", from = "0 * pt + 0.10566" }
q = { unit = "", source = "Muon_charge", of = "muon", from = "-sign(pdg)" }
dxy = { unit = "cm", source = "Muon_dxy", of = "muon" }
isGlobal = { unit = "", source = "Muon_isGlobal", of = "muon" }
jetIdx = { unit = "", source = "Muon_jetIdx", of = "muon", from = "jet_index" }
[collection.Muon.derive]
muon = "abs(pdg) == 13"
[[collection.Muon.stage]]
name = "efficiency"
kind = "category"
where = "muon"
given = ["log10(gen_pt)", "jet_dr", "n_jets"]
predict = "number"
[[collection.Muon.stage]]
name = "response"
kind = "response"
where = "muon & (number > 0)"
given = ["log10(gen_pt)", "jet_dr"]
[collection.Muon.stage.predict]
ratio = { expression = "pt / gen_pt", type = "positive" }
dxy = { unit = "cm" }
isGlobal = { type = "flag" }
[collection.Muon.output]
where = "muon & (number > 0)"
columns = ["pt", "eta", "phi", "mass", "q", "dxy", "isGlobal", "jetIdx"]
link = "genPartIdx"

[collection.PuppiMET.related.jets_x]
sum = "Jet_pt * cos(Jet_phi)"
where = "Jet_pt > 15"
[collection.PuppiMET.columns]
gen_pt = { unit = "GeV", source = "GenMET_pt" }
gen_phi = { unit = "rad", source = "GenMET_phi" }
recoil = { unit = "GeV", source = "sum", of = "jets_x" }
[collection.PuppiMET.reconstructed]
pt = { unit = "GeV", source = "PuppiMET_pt" }
phi = { unit = "rad", source = "PuppiMET_phi", from = "gen_phi" }
[[collection.PuppiMET.stage]]
name = "response"
kind = "response"
given = ["gen_pt", "recoil"]
predict = { pt = { type = "positive", unit = "GeV" } }
[collection.PuppiMET.output]
columns = ["pt", "phi"]

[event.links]
Jet_muonIdx1 = { inverse = "Muon_jetIdx" }
Jet_muonIdx2 = { inverse = "Muon_jetIdx", rank = 2 }
"""


Table = np.ndarray
RESPONSES: dict[str, Callable[[Table, Table], list]] = {
    "Jet.efficiency": lambda given, _: [0.2 + 0 * given[:, 0], 0.8 + 0 * given[:, 0]],
    "Jet.response": lambda _, noise: [1 + 0.1 * noise[:, 0], 20 + 3 * noise[:, 1]],
    "Jet.n_unmatched": lambda given, _: [0.5 + 0 * given[:, 0], 0.3 + 0 * given[:, 0], 0.2 + 0 * given[:, 0]],
    "Jet.unmatched": lambda _, noise: [15 + 5 * abs(noise[:, 0]), noise[:, 1], np.tanh(noise[:, 2]), 10 + noise[:, 3]],
    "Muon.efficiency": lambda given, _: [0.1 + 0 * given[:, 0], 0.9 + 0 * given[:, 0]],
    "Muon.response": lambda _, noise: [1 + 0.02 * noise[:, 0], 0.01 * noise[:, 1], noise[:, 2] > -1],
    "PuppiMET.response": lambda given, _: [given[:, 0] + 0.1 * abs(given[:, 1])],
}
CLASSES = {"Jet.efficiency": (0, 1), "Jet.kind": (0, 1), "Jet.n_unmatched": (0, 1, 2), "Muon.efficiency": (0, 1)}


@dataclass(frozen=True)
class ByHand(Program):
    """A formula in the place of a program."""

    formula: Callable[[Table, Table], list] = lambda *_: []

    def __call__(self, conditions: Table, noise: Table) -> Table:
        return np.stack(self.formula(conditions, noise), axis=1).astype(np.float32)


def detector(folder: Path, text: str = CARD, responses: dict = RESPONSES, all_classes: dict = CLASSES) -> EventDetector:
    """The detector of a card, by hand; types and titles are those of its sample."""
    card: EventCard = event_card_from_dict(tomllib.loads(text))
    files, tree = card.sample.files, card.sample.tree
    assert isinstance(files, list)
    assert tree is not None
    branches = tree_branches(folder / files[0], tree)
    detectors = {}
    for name, one in card.collections.items():
        stages = []
        for stage in one.stages:
            key = f"{name}.{stage.name}"
            classes = all_classes.get(key, ())
            width = len(stage.predicted_names)
            noise = 0 if classes else width
            program = ByHand(folder, "onnx", 1, noise, len(classes) or width, 1.0, formula=responses[key])
            columns = condition_columns(one, stage, {})
            units = [
                0.0 if isinstance(stage.predict, str) else factor(stage.predict[n].unit) for n in stage.predicted_names
            ]
            response = ExternalResponse(program, classes, tuple(units), (False,) * width, (None,) * len(columns))
            stages.append(TrainedStage(stage, columns, stage.predicted_names, classes, (response,)))
        detectors[name] = Detector(one, tuple(stages), {}, "by hand")
    return EventDetector(card.name, "", card.event, detectors, "by hand", branches)


@dataclass(frozen=True)
class AsInTheSample:
    """What a stage drew of the objects of the sample, drawn again whatever the conditions are."""

    columns: list[np.ndarray]

    def __call__(self, given: Table, noise: Table) -> list[Table]:
        uniform = stats.norm.cdf(noise)
        return [np.quantile(one, uniform[:, i], method="nearest") for i, one in enumerate(self.columns)]


def as_in_the_sample(path: Path) -> EventDetector:
    """A detector of a card without training: each stage draws what the sample has."""
    responses: dict[str, Callable[[Table, Table], list]] = {}
    classes: dict[str, tuple[int, ...]] = {}
    for name, card in read_event_card(path).collections.items():
        batch = EventBatch.concatenate(list(reference_batches(card, sample_files(card, "train"))))
        namespace = Namespace(card, batch)
        for stage in card.stages:
            key, rows = f"{name}.{stage.name}", namespace.rows(stage)
            if isinstance(stage.predict, str):
                found, numbers = np.unique(namespace[stage.predict][rows], return_counts=True)
                classes[key] = tuple(int(one) for one in found)
                shares = numbers / numbers.sum()
                responses[key] = lambda given, _, shares=shares: list(np.tile(shares, (len(given), 1)).T)
            else:
                drawn = outputs(namespace, stage, rows)
                responses[key] = AsInTheSample([drawn[one][:, 0] for one in stage.predicted_names])
    return detector(path.parent, path.read_text(encoding="utf-8"), responses, classes)


def write_nano(path: Path, events: dict) -> None:
    """A file with `Events`, `Runs` and `LuminosityBlocks`; collections with one counter each."""
    with uproot.recreate(path, compression=uproot.ZLIB(1)) as file:
        zipped = {name: ak.zip(these) if isinstance(these, dict) else these for name, these in events.items()}
        types = {
            name: these.dtype if isinstance(these, np.ndarray) else these.type.content for name, these in zipped.items()
        }
        for start in range(0, len(events["run"]), 400):  # several baskets, of other lengths than blocks
            part = {name: these[start : start + 400] for name, these in zipped.items()}
            file["Events"].extend(part) if start else file.mktree("Events", types).extend(part)
        file.mktree(
            "Runs",
            {
                "run": np.array([1], np.uint32),
                "genEventSumw": np.array([1.25]),
                "LHEPdfSumw": ak.Array([[0.5, 0.25]]),
            },
        )
        file.mktree(
            "LuminosityBlocks",
            {"run": np.array([1, 1], np.uint32), "luminosityBlock": np.array([1, 2], np.uint32)},
        )


def truth(events: int, seed: int) -> dict:
    """The generator's part."""
    random = np.random.default_rng(seed)

    def lists(counts: np.ndarray, **columns: np.ndarray) -> dict[str, ak.Array]:
        return {name: ak.unflatten(values, counts) for name, values in columns.items()}

    n_jets, n_parts = random.poisson(3, events), random.poisson(3, events)
    jets, parts = int(n_jets.sum()), int(n_parts.sum())

    def angles(n: int) -> dict[str, np.ndarray]:
        return {
            "eta": random.normal(0, 1, n).astype(np.float32),
            "phi": random.uniform(-3.1, 3.1, n).astype(np.float32),
            "mass": random.uniform(0.1, 5, n).astype(np.float32),
        }

    def falling(n: int) -> np.ndarray:
        return (20 * np.exp(random.exponential(0.5, n))).astype(np.float32)

    return {
        "run": np.ones(events, np.uint32),
        "luminosityBlock": (np.arange(events) // 500).astype(np.uint32),
        "event": (np.arange(events) + 7).astype(np.uint64),
        "genWeight": random.normal(1, 0.3, events).astype(np.float32),
        "LHEPdfWeight": ak.unflatten(random.normal(1, 0.1, 3 * events).astype(np.float32), np.full(events, 3)),
        "Pileup_nTrueInt": random.uniform(10, 50, events).astype(np.float32),
        "GenMET_pt": falling(events),
        "GenMET_phi": random.uniform(-3.1, 3.1, events).astype(np.float32),
        "GenJet": lists(n_jets, pt=falling(jets), **angles(jets)),
        "GenPart": lists(
            n_parts, pt=falling(parts), **angles(parts), pdgId=random.choice([13, -13, 22], parts).astype(np.int32)
        ),
    }


def full(events: int, seed: int) -> dict:
    """The generator's part with what full simulation makes of it."""
    generated, random = truth(events, seed), np.random.default_rng(seed + 1)
    jets = _jets(generated, random)
    muons = _muons(generated, jets, random)
    first = [[next((i for i, j in enumerate(row) if j == place), -1) for place in range(n)] for row, n in zip(
        muons["jetIdx"].to_list(), ak.num(jets["pt"]).to_list(), strict=True)]  # fmt: skip
    jets["muonIdx1"] = ak.values_astype(ak.Array(first), np.int16)
    jets["muonIdx2"] = ak.full_like(jets["muonIdx1"], -1)
    return generated | {
        "Jet": jets,
        "Muon": muons,
        "PuppiMET_pt": (generated["GenMET_pt"] * random.normal(1, 0.2, events).clip(0.3)).astype(np.float32),
        "PuppiMET_phi": generated["GenMET_phi"],
        "HLT_IsoMu24": random.random(events) < 0.3,
        "Tau": {"pt": ak.unflatten(np.full(events, 20, np.float32), np.ones(events, np.int64))},
    }


def _jets(generated: dict, random: np.random.Generator) -> dict[str, ak.Array]:
    """Nine in ten jets of the generator, and some of pile-up, hardest first."""
    rows = []
    for pts, etas, phis in zip(*(generated["GenJet"][key].to_list() for key in ("pt", "eta", "phi")), strict=True):
        own = [
            (pt * max(0.5, random.normal(1, 0.1)), eta, phi, place)
            for place, (pt, eta, phi) in enumerate(zip(pts, etas, phis, strict=True))
            if random.random() < 0.9
        ]
        others = [
            (15 + random.exponential(5), random.normal(0, 2), random.uniform(-3, 3), -1)
            for _ in range(random.poisson(0.7))
        ]
        rows.append(sorted(own + others, reverse=True))
    columns = ak.Array(
        [[dict(zip(("pt", "eta", "phi", "genJetIdx"), row, strict=True)) for row in rows_] for rows_ in rows]
    )
    kinds = {"pt": np.float32, "eta": np.float32, "phi": np.float32, "genJetIdx": np.int16}
    found = {name: ak.values_astype(columns[name], kind) for name, kind in kinds.items()}
    counts = ak.num(found["pt"])
    found["mass"] = found["pt"] / np.float32(10)
    return found | {"nConstituents": ak.unflatten(random.poisson(20, int(ak.sum(counts))).astype(np.uint8), counts)}


def _muons(generated: dict, jets: dict, random: np.random.Generator) -> dict[str, ak.Array]:
    rows = []
    for parts, jet_eta, jet_phi in zip(
        ak.zip(generated["GenPart"]).to_list(), jets["eta"].to_list(), jets["phi"].to_list(), strict=True
    ):
        own = []
        for place, part in enumerate(parts):
            if abs(part["pdgId"]) != 13 or random.random() > 0.8:
                continue
            far = [
                np.hypot(eta - part["eta"], (phi - part["phi"] + np.pi) % (2 * np.pi) - np.pi)
                for eta, phi in zip(jet_eta, jet_phi, strict=True)
            ]
            near = int(np.argmin(far)) if far and min(far) < 0.4 else -1
            charge = 1 if part["pdgId"] < 0 else -1
            own.append((part["pt"] * random.normal(1, 0.02), part["eta"], part["phi"], place, near, charge))
        rows.append(sorted(own, reverse=True))
    names = ("pt", "eta", "phi", "genPartIdx", "jetIdx", "charge")
    columns = ak.Array([[dict(zip(names, row, strict=True)) for row in rows_] for rows_ in rows])
    kinds = {"pt": np.float32, "eta": np.float32, "phi": np.float32, "genPartIdx": np.int16, "jetIdx": np.int16}
    kinds["charge"] = np.int32
    found = {name: ak.values_astype(columns[name], kind) for name, kind in kinds.items()}
    counts, n = ak.num(found["pt"]), int(ak.sum(ak.num(found["pt"])))
    dxy = ak.unflatten(random.normal(0, 0.01, n).astype(np.float32), counts)
    found["mass"] = ak.full_like(found["pt"], 0.10566)
    return found | {"dxy": dxy, "isGlobal": ak.unflatten(random.random(n) < 0.9, counts)}
