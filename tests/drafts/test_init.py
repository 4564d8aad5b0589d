"""A card for a file that nobody has described: what is told from names and values, and that it trains as it is."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import awkward as ak
import jax
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import uproot

from flashsim.api import simulate, train
from flashsim.card import Card, card_from_dict, read_card
from flashsim.drafts import Draft, init_card

OBJECTS = 3000


def ntuple(n: int = OBJECTS) -> dict[str, np.ndarray]:
    """Clusters with one column of each sort, in MeV; a quarter of them is lost, and then everything is 0."""
    random = np.random.default_rng(0)
    pt, eta, phi = random.uniform(3e3, 9e4, n), random.uniform(-2.5, 2.5, n), random.uniform(-np.pi, np.pi, n)
    found = random.uniform(size=n) < 0.75
    measured = {
        "pt": pt * random.lognormal(0, 0.1, n),
        "eta": eta + random.normal(0, 0.01, n),
        "phi": np.angle(np.exp(1j * (phi + random.normal(0, 0.02, n)))),
        "n_hits": random.poisson(9, n) + 3,
        "isolation": np.where(random.uniform(size=n) < 0.4, 0.0, random.exponential(0.2, n)),
        "mva_score": random.beta(2, 3, n),
        "decay_mode": random.choice([0, 1, 10], n),
        "is_tight": random.uniform(size=n) < 0.5,
        "true_label": (label := random.integers(0, 3, n)),
        "label": label,
        "vertex_quality": np.full(n, 7.0),
        "rechit_index": random.integers(0, 50, n),
        "chi2": np.where(random.uniform(size=n) < 0.01, np.nan, 1.0),
    }
    columns = {"runNumber": np.full(n, 3), "eventNumber": np.arange(n) // 5}
    columns |= {"gen_pt": pt, "gen_eta": eta, "gen_phi": phi, "pdgId": random.choice([11, -11, 22], n)}
    columns |= {"found": found, "sweight": random.uniform(0.5, 1.5, n)}
    always = ("true_label", "label", "vertex_quality")
    return columns | {
        name: v if name in always else np.where(found, v, v.dtype.type(0)) for name, v in measured.items()
    }


def in_events(columns: dict[str, np.ndarray]) -> dict[str, Any]:
    """The same, a list an event."""
    counts = np.unique(columns["eventNumber"], return_counts=True)[1]
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    identity = ("runNumber", "eventNumber")
    return {
        name: values[starts] if name in identity else ak.unflatten(values, counts) for name, values in columns.items()
    }


def write_parquet(path: Path, columns: dict[str, Any]) -> None:
    pq.write_table(pa.table({name: ak.to_list(values) for name, values in columns.items()}), path)


def write_ttree(path: Path, columns: dict[str, Any]) -> None:
    with uproot.recreate(path) as file:
        file.mktree("events", {name: ak.Array(values).type.content for name, values in columns.items()})
        file["events"].extend(columns)


def write_rntuple(path: Path, columns: dict[str, Any]) -> None:
    with uproot.recreate(path) as file:
        file.mkrntuple("events", columns)


Write = Callable[[Path, dict[str, Any]], None]
FORMATS: dict[str, tuple[str, Write, bool]] = {
    "flat Parquet": ("full.parquet", write_parquet, False),
    "jagged Parquet": ("full.parquet", write_parquet, True),
    "flat TTree": ("full.root", write_ttree, False),
    "jagged TTree": ("full.root", write_ttree, True),
    "flat RNTuple": ("full.root", write_rntuple, False),
    "jagged RNTuple": ("full.root", write_rntuple, True),
}


def drafted(folder: Path, columns: dict[str, Any], **options: Any) -> tuple[Draft, Card]:
    """What is guessed of columns written to Parquet, and the card."""
    write_parquet(folder / "full.parquet", columns)
    draft = init_card(folder / "full.parquet", folder / "card.toml", **options)
    assert isinstance(draft, Draft)
    return draft, read_card(folder / "card.toml")


@pytest.mark.parametrize("name", FORMATS)
def test_every_column_is_what_it_is_in_any_format(tmp_path: Path, name: str):
    file, write, jagged = FORMATS[name]
    write(tmp_path / file, in_events(ntuple()) if jagged else ntuple())
    draft = init_card(tmp_path / file, tmp_path / "card.toml")
    assert isinstance(draft, Draft)
    card = read_card(tmp_path / "card.toml")
    assert card.sample.event == ("runNumber", "eventNumber")
    assert card.sample.weight == "sweight"
    assert {key: column.unit for key, column in card.columns.items()} == {
        "gen_pt": "MeV",
        "gen_eta": "",
        "gen_phi": "rad",
        "pdgId": "",
        "true_label": "",
    }
    assert card.categories["species"].values == [11, 22]
    efficiency, response = card.stages
    assert (efficiency.predict, response.where, card.output.where) == ("found", "found > 0", "found > 0")
    given = {"log10(gen_pt)", "gen_eta", "sin(gen_phi)", "cos(gen_phi)", "species", "charge(pdgId)", "true_label"}
    assert set(efficiency.given) == set(response.given) == given
    assert isinstance(response.predict, dict)
    learnt = {name: (one.type, one.expression) for name, one in response.predict.items()}
    assert learnt == {
        "pt_ratio": ("positive", "pt / gen_pt"),
        "eta_residual": ("continuous", "eta - gen_eta"),
        "phi_residual": ("angle", "phi - gen_phi"),
        "n_hits": ("integer", None),
        "isolation": ("atoms", None),
        "mva_score": ("bounded", None),
        "decay_mode": ("category", None),
        "is_tight": ("flag", None),
    }
    assert card.reconstructed["label"].formula == "true_label"
    reasons = {"vertex_quality": "always 7", "rechit_index": "a place in a list", "chi2": "NaN or infinite for 0.0"}
    for column, reason in reasons.items():
        assert reason in draft.left_out[column]
    assert draft.left_out.keys() == reasons.keys()
    told = {guess.column for guess in draft.guesses} | draft.left_out.keys()
    assert told == ntuple(10).keys() - {"runNumber", "eventNumber"}


@pytest.fixture
def compiled_in_haste() -> Iterator[None]:
    """What runs for a moment only need not be fast."""
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)


@pytest.mark.usefixtures("compiled_in_haste")
def test_the_card_trains_and_simulates_as_it_is(tmp_path: Path):
    names = ("runNumber", "eventNumber", "gen_pt", "gen_phi", "pdgId", "true_label", "pt", "phi", "label", "isolation")
    every = ntuple()
    _, card = drafted(tmp_path, {name: every[name][every["found"]] for name in names})
    short = card.dump()
    short["stage"][0] |= {"training": {"epochs": 2}, "model": {"width": 8, "depth": 1, "steps": 1}}
    train(card_from_dict(short).read_from(tmp_path / "card.toml"), tmp_path / "release")
    simulate(tmp_path / "release", tmp_path / "full.parquet", tmp_path / "flash.parquet")
    flash = ak.from_parquet(tmp_path / "flash.parquet")
    values = {name: ak.to_numpy(ak.flatten(flash[f"reco_{name}"])) for name in card.output.columns}
    assert values["pt"].min() > 0
    assert np.abs(values["phi"]).max() <= np.pi + 1e-6
    assert 0.2 < np.mean(values["isolation"] == 0) < 0.6
    assert ak.all(flash["reco_label"] == flash["particle_true_label"])


def test_a_small_sample_is_divided_so_that_it_trains(tmp_path: Path):
    draft, card = drafted(tmp_path, ntuple(60))
    assert card.sample.split.validation == 0.25
    assert not any("too small" in question for question in draft.undecided)


def test_a_sample_that_is_too_small_is_said_to_be(tmp_path: Path):
    draft, _ = drafted(tmp_path, ntuple(10))
    assert any("too small to train on" in question and "5 are needed" in question for question in draft.undecided)


def test_what_only_the_user_knows_is_asked_and_can_be_said(tmp_path: Path):
    columns = ntuple()
    columns["depth"] = columns.pop("n_hits")
    columns["rec_eta"] = columns.pop("eta")
    draft, card = drafted(tmp_path, columns)
    assert "depth" in card.reconstructed
    assert any("depth" in question and "--truth" in question for question in draft.undecided)
    assert any("MeV" in question and "guesses" in question for question in draft.undecided)
    (tmp_path / "card.toml").unlink()
    draft, card = drafted(tmp_path, columns, truth=["dep*"])
    assert "depth" in card.columns
    assert any(guess.column == "depth" and "you said so" in guess.why for guess in draft.guesses)


def test_lists_of_other_objects_are_left_out_aloud(tmp_path: Path):
    events = in_events(ntuple(600))
    tracks = ak.Array([[float(i)] * 3 for i in range(len(events["eventNumber"]))])
    draft, card = drafted(tmp_path, events | {"track_pt": tracks, "pileup": events["eventNumber"] * 0.5})
    assert "other lengths than those of" in draft.left_out["track_pt"]
    assert "one number an event" in draft.left_out["pileup"]
    assert any("2 kinds of objects" in question and "track_pt" in question for question in draft.undecided)
    assert "gen_pt" in card.columns


def test_units_that_the_file_states_are_no_guess(tmp_path: Path):
    table = pa.table(ntuple())
    units = json.dumps({"units": {"gen_pt": "TeV", "gen_phi": "rad", "phi": "rad", "pt": "GeV"}})
    pq.write_table(table.replace_schema_metadata({"flashsim": units}), tmp_path / "full.parquet")
    draft = init_card(tmp_path / "full.parquet", tmp_path / "card.toml")
    card = read_card(tmp_path / "card.toml")
    assert (card.columns["gen_pt"].unit, card.reconstructed["pt"].unit) == ("TeV", "GeV")
    assert not any("guesses" in question for question in draft.undecided)


def test_spikes_and_classes_that_training_would_not_see_are_given_up(tmp_path: Path):
    columns = ntuple()
    columns["isolation"] = np.where(columns["isolation"] == 0, 0.1, columns["isolation"])
    columns["isolation"][np.flatnonzero(columns["found"])[0]] = 0.0
    columns["is_tight"] = np.arange(OBJECTS) == np.flatnonzero(columns["found"])[0]
    draft, card = drafted(tmp_path, columns)
    response = card.stage("response").predict
    assert isinstance(response, dict)
    in_training = response["isolation"].type == "atoms"
    assert in_training == ("is_tight" in response)
    assert in_training or "in the training part" in draft.left_out["is_tight"]
