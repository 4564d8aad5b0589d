"""A card says the same after it is read, dumped and read again, and its reference names every key."""

import json
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cards import TOML, changed
from pydantic import ValidationError

from flashsim.card import Card, Expression, SampleFiles, card_from_dict, factor, read_card
from flashsim.card.keys import keys_of
from flashsim.card.reference import card_reference
from flashsim.card.schema import Card as Schema

SPECTROMETER = Path(str(files("flashsim"))) / "experiments" / "spectrometer" / "card.toml"


@pytest.fixture
def toy(tmp_path: Path) -> Card:
    path = tmp_path / "toy.toml"
    path.write_text(TOML, encoding="utf-8")
    return read_card(path)


def test_shorthands_and_defaults(toy: Card, tmp_path: Path):
    assert toy.columns["px"].unit == "MeV"
    assert toy.columns["pz"].source == "Pz"
    assert toy.columns["pz"].default == 1
    assert toy.reconstructed["rec_p"].formula == "p * (1 + dp)"
    assert toy.sample.event == ("run", "event")
    assert toy.stage("acceptance").model.family == "classifier"
    resolution = toy.stage("resolution")
    assert resolution.model.family == "flow-matching"
    assert isinstance(resolution.predict, dict)
    assert resolution.predict["dp"].expression == "rec_p / p - 1"
    assert resolution.predict["dp"].type == "continuous"
    assert resolution.predicted_names == ("dp", "chi2", "c00", "c10", "c11")
    assert toy.path == tmp_path / "toy.toml"
    assert toy.folder == tmp_path


@pytest.mark.parametrize("path", ["toy", SPECTROMETER], ids=["toy", "spectrometer"])
def test_dump_is_json_and_reads_back(path: str | Path, toy: Card):
    card = toy if path == "toy" else read_card(path)
    dumped = json.loads(json.dumps(card.dump(), allow_nan=False))
    again = card_from_dict(dumped)
    assert again.dump() == card.dump()
    assert Schema.model_validate(dumped).stages == card.stages
    assert again.path is None
    assert "path" not in dumped


def test_one_file_is_a_list_of_one():
    card = card_from_dict(changed(tomllib.loads(TOML), lambda c: c["sample"].update(files="a.root")))
    assert card.sample.files == ["a.root"]
    parts = {"train": "a", "validation": ["b", "c"], "test": "d"}
    card = card_from_dict(changed(tomllib.loads(TOML), lambda c: c["sample"].update(files=parts)))
    assert card.sample.files == SampleFiles(train=["a"], validation=["b", "c"], test=["d"])


def test_a_card_does_not_change(toy: Card):
    with pytest.raises(ValidationError, match="frozen"):
        toy.name = "other"  # type: ignore[misc]


def test_every_key_of_the_schema_is_explained_in_the_reference():
    reference = card_reference()
    for key, field in keys_of(Schema).items():
        assert field.description
        assert f"| `{key}` |" in reference
    for table in ("[sample]", "[sample.files]", "[columns.<name>]", "[[stage]]", "[stage.predict.<name>]"):
        assert f"## `{table}`" in reference
    rows = [line for line in reference.splitlines() if line.startswith("| `")]
    assert len(rows) > 80
    assert all(cell.strip() for row in rows for cell in row.replace("\\|", "").strip("|").split("|"))
    assert "Undefined" not in reference


def _events(n: int) -> dict[str, np.ndarray]:
    """Trackable particles with a perfect measurement: what the spectrometer's formulas must give back."""
    random = np.random.default_rng(4)
    columns = {"pid": random.choice([11, -13, 211, -321, 2212], n), "stable": np.ones(n)}
    columns |= {
        "px": random.normal(0, 0.5, n),
        "py": random.normal(0, 0.5, n),
        "pz": random.uniform(2, 90, n),
    }
    columns |= {"vx": random.normal(0, 3, n), "vy": random.normal(0, 3, n), "vz": random.normal(0, 60, n)}
    return columns


def _lookup(card: Card, columns: dict[str, np.ndarray], offsets: np.ndarray) -> Any:
    formulas = dict(card.derive)
    formulas |= {name: column.formula for name, column in card.reconstructed.items() if column.formula}

    def look(name: str) -> np.ndarray:
        if name not in columns:
            columns[name] = Expression.parse(formulas[name]).evaluate(look, offsets)
        return columns[name]

    return look


def test_the_spectrometers_formulas_undo_its_residuals():
    card = read_card(SPECTROMETER)
    n, offsets = 500, np.array([0, 200, 500])
    random = np.random.default_rng(5)
    look = _lookup(card, _events(n), offsets)
    drawn = {name: random.normal(0, 0.1, n) for name in ("dx", "dy")}
    drawn |= {name: random.normal(0, 1e-3, n) for name in ("dtx", "dty")}
    drawn["curvature"] = random.normal(1, 0.01, n)
    flash = _lookup(card, _events(n) | drawn, offsets)
    full = _events(n) | {name: flash(name) for name in ("rec_x", "rec_y", "rec_z", "rec_tx", "rec_ty", "rec_qop")}
    resolution = card.stage("resolution").predict
    assert isinstance(resolution, dict)
    for name, variable in resolution.items():
        learnt = Expression.parse(variable.expression or name).evaluate(_lookup(card, full, offsets), offsets)
        np.testing.assert_allclose(learnt, drawn[name], atol=1e-7, err_msg=name)
    # The fitted point is the one closest to the beam: the line there is perpendicular to the radius.
    across = flash("rec_x") * flash("rec_tx") + flash("rec_y") * flash("rec_ty")
    np.testing.assert_allclose(across, 0, atol=1e-9)
    assert look("trackable").all()
    assert set(look("q")) == {-1.0, 1.0}


def test_the_spectrometers_formulas_are_finite_along_the_beam():
    card = read_card(SPECTROMETER)
    columns = {name: np.array([value]) for name, value in {"pid": 211, "stable": 1, "pz": 5.0}.items()}
    columns |= {name: np.zeros(1) for name in ("px", "py", "vx", "vy", "vz")}
    look = _lookup(card, columns, np.array([0, 1]))
    for text in card.stage("acceptance").given:
        if text not in card.categories:
            assert np.isfinite(Expression.parse(text).evaluate(look, np.array([0, 1]))).all(), text


def test_the_spectrometers_covariance_units_are_those_of_its_state():
    card = read_card(SPECTROMETER)
    units = {name: card.reconstructed[f"rec_{name}"].unit for name in ("x", "y", "tx", "ty", "qop")}
    assert all(factor(unit) == 1 for unit in units.values())
    columns = [name for name in card.reconstructed if name.startswith("cov_")]
    assert len(columns) == 15
    for name in columns:
        _, one, two = name.split("_")
        powers = {"mm": 0, "1/GeV": 0}
        for unit in (units[one], units[two]):
            if unit:
                powers[unit] += 1
        mm = {0: "", 1: "mm", 2: "mm^2"}[powers["mm"]]
        gev = {0: "", 1: "GeV", 2: "GeV^2"}[powers["1/GeV"]]
        expected = mm if not gev else f"{mm or '1'}/{gev}"
        assert card.reconstructed[name].unit == expected, name
