"""Maps from files: the same grid from every format, and every mistake named."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import uproot

from flashsim.card import Card, card_from_dict
from flashsim.errors import FlashSimError
from flashsim.files import sha256
from flashsim.propagation import Grid, load_grid
from flashsim.propagation.of_card import checked_fields

NAMES = ("x", "y", "z", "Bx", "By", "Bz")
AXES = (np.linspace(-100, 100, 5), np.linspace(-60, 60, 4), np.linspace(0, 900, 10))


def columns() -> dict[str, np.ndarray]:
    """A field that is another number at each point; the points in no order."""
    x, y, z = (axis.reshape(-1) for axis in np.meshgrid(*AXES, indexing="ij"))
    table = dict(zip(NAMES, (x, y, z, x / 1000, y / 1000 + 0.5, z / 1000), strict=True))
    order = np.random.default_rng(0).permutation(len(x))
    return {name: values[order] for name, values in table.items()}


def write_npz(path: Path, table: dict[str, np.ndarray]) -> None:
    order = np.lexsort((table["z"], table["y"], table["x"]))
    shape = tuple(len(axis) for axis in AXES)
    np.savez(
        path, **dict(zip(NAMES, AXES, strict=False)), **{name: table[name][order].reshape(shape) for name in NAMES[3:]}
    )


def write_parquet(path: Path, table: dict[str, np.ndarray]) -> None:
    pq.write_table(pa.table(table), path)


def write_root(path: Path, table: dict[str, np.ndarray]) -> None:
    with uproot.recreate(path) as file:
        file.mktree("field", dict.fromkeys(table, "f8"))
        file["field"].extend(table)


def write_text(path: Path, table: dict[str, np.ndarray], between: str, first: str) -> None:
    rows = np.stack(list(table.values()), axis=1)
    lines = [between.join(f"{value:.9g}" for value in row) for row in rows]
    path.write_text("\n".join(["# a map of nothing", first + between.join(table), *lines]) + "\n")


WRITERS: dict[str, Callable[[Path, dict[str, np.ndarray]], None]] = {
    "map.npz": write_npz,
    "map.parquet": write_parquet,
    "map.root": write_root,
    "map.csv": lambda path, table: write_text(path, table, ",", ""),
    "map.txt": lambda path, table: write_text(path, table, "  ", "# "),
}


def card(folder: Path, file: str, **more: object) -> Card:
    """A card with a map, in a folder."""
    field = {"shape": "map", "file": file} | more
    path = {"position": ["0", "0", "0"], "momentum": ["0", "0", "px"], "charge": "1", "field": "magnet", "to": 500}
    described = {
        "schema": 1,
        "name": "magnet",
        "columns": {"px": "GeV"},
        "field": {"magnet": field},
        "propagate": {"there": path},
        "compare": {"all": {"variables": {"px": "there_px"}}},
    }
    return card_from_dict(described, "card.toml").read_from(folder / "card.toml")


def grid(folder: Path, file: str, **more: object) -> Grid:
    made = checked_fields(card(folder, file, **more))
    table = made.magnetic_fields["magnet"]
    assert table.shape == "map"
    assert table.sha256 == sha256(folder / file)
    return load_grid(made, "magnet", table)


@pytest.mark.parametrize("file", WRITERS)
def test_every_format_gives_the_same_grid(file: str, tmp_path: Path):
    WRITERS[file](tmp_path / file, columns())
    found = grid(tmp_path, file)
    assert found.first == (-100, -60, 0)
    assert found.step == pytest.approx((50, 40, 100))
    assert found.last == pytest.approx((100, 60, 900))
    z, x, y = np.meshgrid(AXES[2], AXES[0], AXES[1], indexing="ij")
    np.testing.assert_allclose(found.values, np.stack([x / 1000, y / 1000 + 0.5, z / 1000]), rtol=1e-8, atol=1e-12)


def test_units_are_those_of_the_file(tmp_path: Path):
    table = columns()
    write_parquet(tmp_path / "mm.parquet", table)
    scaled = {name: values / 10 if name in "xyz" else values * 1e4 for name, values in table.items()}
    write_parquet(tmp_path / "cm.parquet", scaled)
    one, other = grid(tmp_path, "mm.parquet"), grid(tmp_path, "cm.parquet", length="cm", unit="gauss")
    np.testing.assert_allclose(one.values, other.values, rtol=1e-12)
    assert one.step == pytest.approx(other.step)


def test_other_names_and_coordinates_in_single_precision(tmp_path: Path):
    table = {name.lower() + "_": values.astype(np.float32) for name, values in columns().items()}
    write_parquet(tmp_path / "map.parquet", table)
    found = grid(tmp_path, "map.parquet", columns=[name.lower() + "_" for name in NAMES])
    assert found.values.shape == (3, 10, 5, 4)


def change(name: str, row: int, value: float) -> dict[str, np.ndarray]:
    table = columns()
    table[name][row] = value
    return table


def without_a_point() -> dict[str, np.ndarray]:
    return {name: np.delete(values, 7) for name, values in columns().items()}


def uneven() -> dict[str, np.ndarray]:
    table = columns()
    table["z"] = np.where(table["z"] == 300, 310.0, table["z"])
    return table


WRONG: dict[str, tuple[Callable[[], dict[str, np.ndarray]], dict[str, object], str]] = {
    "a point missing": (without_a_point, {}, r"no regular grid: the point \(.*\) mm is there 0 times"),
    "a point twice": (lambda: {n: np.append(v, v[3]) for n, v in columns().items()}, {}, "is there 2 times"),
    "uneven planes": (uneven, {}, "no regular grid: the 10 values of 'z' .* not evenly spaced, as at 310"),
    "one plane": (lambda: columns() | {"y": np.zeros(200)}, {}, "column 'y' has fewer than two values"),
    "not a number": (lambda: change("By", 5, np.nan), {}, "column 'By' is nan in row 5 .*a field is finite"),
    "infinite": (lambda: change("x", 5, np.inf), {}, "column 'x' is inf in row 5"),
    "another name": (columns, {"columns": ["x", "y", "z", "Bx", "Bv", "Bz"]}, "no column 'Bv' .did you mean 'B"),
    "gauss as tesla": (
        lambda: columns() | {"By": np.full(200, 11000.0)},
        {},
        r"field.magnet.unit = 'T': .* field of 11000 T then; is its unit another one, as 'gauss'",
    ),
    "another file": (columns, {"sha256": "0" * 64}, "field.magnet.file = .*not that of the card"),
    "tiny steps": (columns, {"step": 1e-3}, r"field.magnet.step = 0.001: more than 100,000 steps"),
    "a plane outside": (columns, {"outside": "error"}, ""),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_map_with(case: str, tmp_path: Path):
    make, more, message = WRONG[case]
    write_parquet(tmp_path / "map.parquet", make())
    if case == "a plane outside":
        made = card(tmp_path, "map.parquet", **more)
        table = made.propagate["there"].model_copy(update={"to": 901.0})
        made = made.model_copy(update={"propagate": {"there": table}})
        message = r"propagate.there.to = 901: the map of \[field.magnet\] is from z = 0 to 900 mm"
        with pytest.raises(FlashSimError, match=message):
            checked_fields(made)
        return
    with pytest.raises(FlashSimError, match=message):
        checked_fields(card(tmp_path, "map.parquet", **more))


FILES = {
    "no file": ("map.npz", None, r"field.magnet.file = 'map.npz': no such file: .*relative to the card's folder"),
    "another format": ("map.xls", b"", r"map.xls: a field map is .parquet, .root, .npz, or text"),
    "no archive": ("map.npz", b"PK nothing", "map.npz: cannot be read as a field map"),
    "half a file": ("map.parquet", b"PAR1 half", "map.parquet: not a whole Parquet file"),
    "no ROOT file": ("map.root", b"root, no", "map.root: not a whole ROOT file"),
    "no names": ("map.csv", b"0,0,0,1,1,1\n1,0,0,1,1,1\n", "map.csv: no names of columns in a line before the numbers"),
    "words": ("map.csv", b"x,y,z,Bx,By,Bz\n0,0,0,1,1,1\n0,0,1,1,one,1\n", "map.csv: cannot be read as a field map"),
    "too few numbers": ("map.txt", b"x y z Bx By Bz\n0 0 0 1 1\n", "map.txt: 5 columns of numbers under 6 names"),
    "no text": ("map.dat", b"\xff\xfe\x00", "map.dat: cannot be read as a field map"),
}


@pytest.mark.parametrize("case", FILES)
def test_a_file_that_is(case: str, tmp_path: Path):
    name, content, message = FILES[case]
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(FlashSimError, match=message):
        checked_fields(card(tmp_path, name))


def test_no_pickle_is_loaded(tmp_path: Path):
    objects = {name: np.array([0.0, 1.0]) for name in NAMES[:3]} | {
        name: np.empty((2, 2, 2), dtype=object) for name in NAMES[3:]
    }
    np.savez(tmp_path / "map.npz", **objects)
    with pytest.raises(FlashSimError, match="cannot be read as a field map"):
        checked_fields(card(tmp_path, "map.npz"))


def test_arrays_of_an_archive_fit_its_axes(tmp_path: Path):
    arrays = dict(zip(NAMES, (*AXES, *[np.zeros((5, 10, 4))] * 3), strict=True))
    np.savez(tmp_path / "map.npz", **arrays)
    with pytest.raises(
        FlashSimError, match=r"array 'Bx' has shape \(5, 10, 4\); the axes x, y, z make it \(5, 4, 10\)"
    ):
        checked_fields(card(tmp_path, "map.npz"))


def test_a_file_that_changes_is_read_again(tmp_path: Path):
    write_parquet(tmp_path / "map.parquet", columns())
    before = grid(tmp_path, "map.parquet")
    assert grid(tmp_path, "map.parquet") is before
    write_parquet(tmp_path / "map.parquet", {n: v * (2 if n == "By" else 1) for n, v in columns().items()})
    assert grid(tmp_path, "map.parquet").values[1].max() == pytest.approx(2 * before.values[1].max())
