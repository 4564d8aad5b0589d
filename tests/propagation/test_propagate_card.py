"""Paths in a card: columns like any other in training and in simulation, and a map that belongs to the release."""

import json
import shutil
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import safetensors.numpy
import toy
from truth import BELL, bell_strength, grid_of

from flashsim.api import simulate, train
from flashsim.card import Card, Names, card_from_dict, read_card
from flashsim.errors import FlashSimError
from flashsim.events import EventBatch
from flashsim.exports.chain import Chain
from flashsim.exports.describe import describe
from flashsim.files import sha256
from flashsim.propagation import FieldMap, Grid, magnetic_field, propagate
from flashsim.release import load, save
from flashsim.stages import Namespace
from flashsim.training import read_sample

PATHS = """
[field.magnet]
shape = "map"
file = "magnet.npz"
step = 400

[propagate.far]
position = ["1", "0", "10 * tx"]
momentum = ["px", "py", "pz"]
charge = "charge(pid)"
field = "magnet"
to = 9400

[propagate.beam]
position = ["1", "0", "10 * tx"]
momentum = ["px", "py", "pz"]
to = "beam"

[reconstructed]
at_calo = { unit = "cm", from = "far_x + 0" }
"""
GIVEN = 'given = ["log10(p)", "tx", "species"]'
CARD = (
    toy.CARD.replace("[reconstructed]", PATHS)
    .replace(GIVEN, 'given = ["log10(p)", "far_x / 1000", "far_tx", "species", "beam_z"]')
    .replace('columns = ["found",', 'columns = ["found", "at_calo",')
    .replace('where = "found > 0"\ngiven', 'where = "(found > 0) & far_reached"\ngiven')
    .replace("epochs = 8", "epochs = 1")
)
LOW, HIGH = (-6000.0, -6000.0, -200.0), (6000.0, 6000.0, 9400.0)
GRID = grid_of(lambda x, y, z: (0 * z, bell_strength(BELL, z), 0.01 + 0 * z), LOW, HIGH, (3, 3, 49))


def write_map(path: Path, grid: Grid) -> None:
    axes = [np.linspace(*ends, n) for *ends, n in zip(LOW, HIGH, (3, 3, 49), strict=True)]
    fields = [np.moveaxis(component, 0, 2) for component in grid.values]
    np.savez(path, **dict(zip(("x", "y", "z", "Bx", "By", "Bz"), (*axes, *fields), strict=True)))


def by_hand(columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What the card says, from the function itself."""
    px, py, pz = (columns[name] for name in ("px", "py", "pz"))
    position = np.stack([np.ones_like(px), 0 * px, 10 * px / pz], axis=1)
    charge = np.where(np.isin(columns["pid"], (-13, 211)), 1.0, -1.0)
    return propagate(position, np.stack([px, py, pz], axis=1), charge, 9400.0, FieldMap(GRID, 400.0))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The toy's sample with a column at the plane, in cm; the card and the map."""
    folder = tmp_path_factory.mktemp("paths")
    toy.write_toy(folder, 300)
    for name in ("train", "validation", "test"):
        table = pq.read_table(folder / f"{name}.parquet")
        far = by_hand({column: table[column].to_numpy() for column in table.column_names})
        pq.write_table(table.append_column("at_calo", pa.array(far["x"] / 10)), folder / f"{name}.parquet")
    write_map(folder / "magnet.npz", GRID)
    (folder / "toy.toml").write_text(CARD)
    return folder


@pytest.fixture(scope="module")
def card(folder: Path) -> Card:
    return read_card(folder / "toy.toml")


@pytest.fixture(scope="module")
def release(folder: Path, card: Card) -> Path:
    train(card, folder / "release")
    return folder / "release"


def test_the_columns_are_those_of_the_function(card: Card):
    sample = read_sample(card, "test")
    namespace = Namespace(card, sample)
    wanted = by_hand(sample.columns)
    assert wanted["reached"].sum() > 1000
    for part, values in wanted.items():
        np.testing.assert_array_equal(namespace[f"far_{part}"], values)
    assert namespace.selected("far_reached & (far_z > 0)").tolist() == wanted["reached"].tolist()
    np.testing.assert_array_equal(namespace.evaluate("far_x / 10 + beam_x"), wanted["x"] / 10 + namespace["beam_x"])
    assert (Names(card).units["far_x"], Names(card).units["far_pz"], Names(card).units["far_tx"]) == ("mm", "GeV", "")


def test_a_path_is_followed_once_and_only_if_it_is_asked_for(card: Card, monkeypatch: pytest.MonkeyPatch):
    followed = []

    def counted(*arguments: Any, **options: Any) -> Any:
        followed.append(arguments[3])
        return propagate(*arguments, **options)

    monkeypatch.setattr("flashsim.propagation.of_card.propagate", counted)
    namespace = Namespace(card, read_sample(card, "test"))
    namespace.evaluate("p + tx")
    assert followed == []
    for text in ("far_x", "far_y", "far_reached"):
        namespace.evaluate(text)
    assert followed == [9400.0]


def test_a_release_holds_its_map(release: Path, folder: Path, tmp_path: Path):
    """Elsewhere, without the card's folder, it gives the same; the card names the file that it was."""
    moved = Path(shutil.copytree(release, tmp_path / "moved"))
    detector = load(moved)
    described = json.loads((moved / "manifest.json").read_text())["card"]["field"]["magnet"]
    assert described["sha256"] == sha256(folder / "magnet.npz")
    assert (moved / "fields" / "magnet.safetensors").is_file()
    assert "fields/magnet.safetensors" in (moved / "SHA256SUMS").read_text()
    assert detector.card.folder == Path()
    events = folder / "test.parquet"
    first = simulate(release, events, output=tmp_path / "first.parquet", seed=1)
    second = simulate(moved, events, output=tmp_path / "second.parquet", seed=1, workers=2)
    assert first == second
    assert sha256(tmp_path / "first.parquet") == sha256(tmp_path / "second.parquet")
    written = pq.read_table(tmp_path / "first.parquet")
    assert {"track_at_calo", "at_calo"} & set(written.column_names)
    again = save(detector, tmp_path / "again")
    assert again.hash == detector.hash
    assert again.card.release == tmp_path / "again"


def test_another_map_is_another_release(folder: Path, release: Path, tmp_path: Path):
    other = Path(shutil.copytree(folder, tmp_path / "other", ignore=shutil.ignore_patterns("release*")))
    values = GRID.values.copy()
    values[1, 10, 1, 1] *= 1.000001  # the closure of at_calo still holds
    write_map(other / "magnet.npz", Grid(GRID.first, GRID.step, values))
    assert train(other / "toy.toml", other / "release").hash != load(release).hash


def test_a_map_that_is_damaged_is_refused(release: Path, tmp_path: Path):
    damaged = Path(shutil.copytree(release, tmp_path / "damaged"))
    file = damaged / "fields" / "magnet.safetensors"
    content = bytearray(file.read_bytes())
    content[-3] ^= 1
    file.write_bytes(content)
    with pytest.raises(FlashSimError, match=r"fields/magnet.safetensors: is damaged"):
        load(damaged)
    file.unlink()
    with pytest.raises(FlashSimError, match=r"fields/magnet.safetensors: is missing"):
        load(damaged)


@pytest.mark.parametrize(
    "arrays",
    [
        {"first": np.zeros(3)},
        {"first": np.zeros(3), "step": np.ones(3), "values": np.zeros((3, 2, 2, 1))},
        {"first": np.zeros(3), "step": np.zeros(3), "values": np.zeros((3, 2, 2, 2))},
        {"first": np.zeros(3), "step": np.ones(3), "values": np.zeros((3, 2, 2, 2), np.float32)},
    ],
)
def test_a_release_with_another_kind_of_map_is_refused(card: Card, tmp_path: Path, arrays: dict[str, np.ndarray]):
    """Its checksums may hold, and yet somebody else has made it."""
    (tmp_path / "fields").mkdir()
    safetensors.numpy.save_file(arrays, tmp_path / "fields" / "magnet.safetensors")
    with pytest.raises(FlashSimError, match="is not the field map of a release"):
        magnetic_field(card.of_release(tmp_path), "magnet")
    with pytest.raises(FlashSimError, match="is missing from the release"):
        magnetic_field(card.of_release(tmp_path / "elsewhere"), "magnet")


def test_a_missing_map_is_refused_before_training(folder: Path, tmp_path: Path):
    (tmp_path / "toy.toml").write_text(CARD)
    with pytest.raises(FlashSimError, match=r"field.magnet.file = 'magnet.npz': no such file"):
        train(tmp_path / "toy.toml", tmp_path / "release")
    assert not (tmp_path / "release").exists()


def test_an_export_asks_the_caller_for_paths(release: Path):
    """They are no formulas of one object's float32: the description says which table they are of."""
    detector = load(release)
    described = describe(detector, Chain(detector), None)["detector"]
    asked = {one["name"]: one for one in described["truth"]}
    assert asked["far_x"]["type"] == "computed by the caller"
    assert asked["far_x"]["expression"] == "[propagate.far]: x"


def test_what_stages_draw_can_be_carried_on(card: Card):
    """A track that was measured is extrapolated as a generated particle is; what is not there has no path."""
    table = tomllib.loads(CARD)
    table["propagate"]["track"] = {
        "position": ["0", "0", "0"],
        "momentum": ["0", "0", "rec_p"],
        "charge": "found",
        "field": "magnet",
        "to": 9400,
    }
    table["reconstructed"]["track_at"] = {"unit": "mm", "from": "track_x + 0"}
    table["output"]["columns"].append("track_at")
    made = card_from_dict(table).read_from(card.folder / "toy.toml")
    columns = {"rec_p": np.array([20.0, np.nan]), "found": np.array([1, 0])}
    batch = EventBatch.from_flat(np.ones(2, np.int64), np.ones(2, np.int64), columns)
    found = Namespace(made, batch)["track_at"]
    assert np.isfinite(found[0])
    assert found[0] < -100
    assert np.isnan(found[1])


WRONG: dict[str, tuple[tuple[str, str], str]] = {
    "a field that is not there": (
        ('field = "magnet"', 'field = "magnets"'),
        r"propagate.far.field = 'magnets': there is no table \[field.magnets\] \(did you mean 'magnet'\?\)",
    ),
    "a field with a path for a name": (
        ("[field.magnet]", '[field."../magnet"]\nshape = "kick"\nz = 0\nmomentum = [1, 0]\n\n[field.magnet]'),
        r"field.../magnet: a name begins with a letter",
    ),
    "a shape that is not there": (
        ('shape = "map"', 'shape = "mapp"'),
        r"field.magnet.shape = 'mapp': there is no such shape \(did you mean 'map'\?\); known are kick, uniform, bell",
    ),
    "no shape": (('shape = "map"\n', ""), "key field.magnet.shape is missing"),
    "a key of another shape": (('file = "magnet.npz"', 'file = "a.npz"\nwidth = 3'), "unknown key field.magnet.width"),
    "a misspelt key": (("step = 400", "steps = 400"), r"unknown key field.magnet.steps \(did you mean 'step'\?\)"),
    "a unit of something else": (("step = 400", 'length = "GeV"'), "field.magnet.length = 'GeV': .*must be a length"),
    "an unknown unit": (("step = 400", 'unit = "gaus"'), r"field.magnet.unit = 'gaus': .*did you mean 'gauss'"),
    "no steps": (("step = 400", "step = 0"), "field.magnet.step = 0: "),
    "an unknown name": (
        ('momentum = ["px", "py", "pz"]\ncharge', 'momentum = ["px", "pj", "pz"]\ncharge'),
        r"propagate.far.momentum\[1\] = 'pj': unknown name 'pj'",
    ),
    "two coordinates": (('["1", "0", "10 * tx"]\nmomentum', '["1", "0"]\nmomentum'), "propagate.far.position"),
    "no such place": (('to = "beam"', 'to = "beem"'), "propagate.beam.to = 'beem': it must be 'beam'"),
    "the beam in a map": (("to = 9400", 'to = "beam"'), "propagate.far.to = 'beam': the closest point is known for"),
    "a field without charge": (('charge = "charge(pid)"\n', ""), "'charge' and 'field' belong together"),
    "a path of itself": (('["px", "py", "pz"]\ncharge', '["px", "far_y", "pz"]\ncharge'), "it needs itself: far_"),
    "a name that is taken": (
        ("[reconstructed]", "[reconstructed]\nfar_x = 'mm'"),
        "the name 'far_x' is taken by propagate.far",
    ),
    "what is not yet known": (
        ('["px", "py", "pz"]\ncharge', '["rec_p", "py", "pz"]\ncharge'),
        "not .*in simulation|only by",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_card_with(case: str):
    (right, wrong), message = WRONG[case]
    assert right in CARD
    with pytest.raises(FlashSimError, match=message):
        card_from_dict(tomllib.loads(CARD.replace(right, wrong, 1)), "card.toml")


SHAPES = {
    "two kicks": ({"shape": "kick", "z": 1, "momentum": [1, 0], "integral": [0, 1]}, "either 'momentum'"),
    "no kick": ({"shape": "kick", "z": 1}, "either 'momentum'"),
    "a slanted field": ({"shape": "uniform", "field": [0, 1, 1]}, r"must be along z, \[0, 0, Bz\], or across it"),
    "no field": ({"shape": "uniform", "field": [0, 0, 0]}, "and not zero"),
    "ends before": ({"shape": "uniform", "field": [0, 0, 1], "z": [5, 5]}, "begins before it ends"),
    "no width": ({"shape": "bell", "centre": 0, "width": 0, "integral": [0, 4]}, "field.magnet.width = 0"),
}


@pytest.mark.parametrize("case", SHAPES)
def test_a_field_of(case: str):
    field, message = SHAPES[case]
    table = tomllib.loads(CARD)
    table["field"]["magnet"] = field
    with pytest.raises(FlashSimError, match=message):
        card_from_dict(table, "card.toml")


def test_every_shape_of_the_card_is_the_field_by_hand(card: Card):
    """The same plane by a kick in GeV and in T m; a solenoid to the beam; a dipole with ends."""
    table = tomllib.loads(CARD)
    where = {"position": ["1", "0", "0"], "momentum": ["px", "py", "pz"], "charge": "charge(pid)", "to": 9400}
    kappa = 0.299792458
    table["field"] |= {
        "gev": {"shape": "kick", "z": 5000, "momentum": [-4 * kappa, 1 * kappa]},
        "tm": {"shape": "kick", "z": 5000, "integral": [1, 4]},
        "solenoid": {"shape": "uniform", "field": [0, 0, 2]},
        "dipole": {"shape": "uniform", "field": [0, 1, 0], "z": [3000, 7000]},
        "bell": {"shape": "bell", "centre": 5000, "width": 500, "integral": [0, 4]},
    }
    table["propagate"] |= {
        f"at_{name}": where | {"field": name} for name in ("gev", "tm", "solenoid", "dipole", "bell")
    }
    table["propagate"]["perigee"] = where | {"field": "solenoid", "to": "beam"}
    namespace = Namespace(card_from_dict(table), read_sample(card, "test"))
    np.testing.assert_allclose(namespace["at_gev_x"], namespace["at_tm_x"], rtol=1e-12)
    reached = namespace["at_tm_reached"] & namespace["at_dipole_reached"] & namespace["at_bell_reached"]
    fast = reached & (namespace["p"] > 30)
    for name in ("dipole", "bell"):
        np.testing.assert_allclose(namespace[f"at_{name}_px"][fast], namespace["at_tm_px"][fast], atol=1e-6)
        np.testing.assert_allclose(namespace[f"at_{name}_x"][fast], namespace["at_tm_x"][fast], atol=10)
    np.testing.assert_allclose(namespace["at_solenoid_pz"], namespace["pz"], rtol=1e-12)
    cosine = namespace["perigee_x"] * namespace["perigee_px"] + namespace["perigee_y"] * namespace["perigee_py"]
    np.testing.assert_allclose(cosine, 0, atol=1e-9)
