"""What cannot be read is refused in words, with the file's name: never a library's traceback, never a part."""

import gzip
import shutil
from collections.abc import Callable
from pathlib import Path

import awkward as ak
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import uproot

from flashsim.errors import FlashSimError
from flashsim.events import ColumnSource, content_sha256, read_events

GOLDEN = [
    "flat.parquet",
    "jagged.parquet",
    "flat_ttree.root",
    "jagged_ttree.root",
    "flat_rntuple.root",
    "jagged_rntuple.root",
    "collisions.hepmc2",
    "collisions.hepmc3",
    "collisions.hepmc3.gz",
]
Columns = dict[str, ColumnSource] | None


def read_all(path: Path | str | list[Path], columns: Columns = None, **options: object) -> None:
    for _ in read_events(path, columns, **options):  # type: ignore[arg-type]
        pass


def refused(path: Path | str | list[Path], *words: str, columns: Columns = None, **options: object) -> None:
    with pytest.raises(FlashSimError) as caught:
        read_all(path, columns, **options)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize("name", GOLDEN)
def test_a_file_cut_anywhere_is_refused(golden: Path, tmp_path: Path, name: str):
    whole = (golden / name).read_bytes()
    last = len(whole.rstrip())  # a HepMC file has said all before its last line ends
    cut = tmp_path / name
    for fraction in np.linspace(0, 1, 40, endpoint=False):
        cut.write_bytes(whole[: int(last * fraction)])
        refused(cut, str(cut))
    cut.write_bytes(whole[: last - 1])
    refused(cut, str(cut))


@pytest.mark.parametrize("name", ["collisions.hepmc2", "collisions.hepmc3"])
def test_a_line_lost_from_a_collision_is_noticed(golden: Path, tmp_path: Path, name: str):
    lines = (golden / name).read_text().splitlines(keepends=True)
    particles = [index for index, line in enumerate(lines) if line.startswith("P ")]
    damaged = tmp_path / name
    damaged.write_text("".join(lines[: particles[1]] + lines[particles[1] + 1 :]))
    refused(damaged, str(damaged), "damaged")


def test_a_broken_gzip_stream_is_noticed(golden: Path, tmp_path: Path):
    text = (golden / "collisions.hepmc3").read_bytes() * 50
    packed = bytearray(gzip.compress(text))
    packed[len(packed) // 2] ^= 0xFF
    damaged = tmp_path / "damaged.hepmc3.gz"
    damaged.write_bytes(packed)
    refused(damaged, str(damaged), "gzip")


FLAT = {"run": np.array([1, 1, 1, 2]), "event": np.array([5, 5, 6, 1]), "pt": np.array([1.0, 2.0, 3.0, 4.0])}


def write_parquet(path: Path, columns: dict[str, object]) -> None:
    pq.write_table(pa.table(columns), path)


def write_parquet_lists(path: Path, columns: dict[str, object]) -> None:
    arrays = {
        name: [[x] for x in values] if name not in ("run", "event") else values for name, values in columns.items()
    }  # type: ignore[attr-defined]
    pq.write_table(pa.table(arrays), path)


def write_ttree(path: Path, columns: dict[str, object]) -> None:
    with uproot.recreate(path) as file:
        types = {name: values.dtype for name, values in columns.items()}  # type: ignore[attr-defined]
        file.mktree("events", types).extend(columns)


def write_rntuple(path: Path, columns: dict[str, object]) -> None:
    with uproot.recreate(path) as file:
        file.mkrntuple("events", columns)


def write_ttree_lists(path: Path, columns: dict[str, object]) -> None:
    lists = {
        name: ak.from_regular(np.asarray(values)[:, None]) if name not in ("run", "event") else values
        for name, values in columns.items()
    }
    with uproot.recreate(path) as file:
        file.mktree(
            "events", {name: ak.type(v).content if isinstance(v, ak.Array) else v.dtype for name, v in lists.items()}
        ).extend(lists)  # type: ignore[attr-defined]


WRITERS: dict[str, Callable[[Path, dict[str, object]], None]] = {
    "flat.parquet": write_parquet,
    "lists.parquet": write_parquet_lists,
    "flat.root": write_ttree,
    "lists.root": write_ttree_lists,
    "rntuple.root": write_rntuple,
}


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", WRITERS)
def test_a_number_that_is_none_is_refused_with_its_row(tmp_path: Path, name: str, bad: float):
    path = tmp_path / name
    WRITERS[name](path, FLAT | {"pt": np.array([1.0, 2.0, bad, bad])})
    refused(path, str(path), "'pt'", str(bad), "row 2", "2 such values", columns={"pt": ColumnSource("pt")})


@pytest.mark.parametrize("name", WRITERS)
def test_a_missing_column_is_named_with_the_nearest(tmp_path: Path, name: str):
    path = tmp_path / name
    WRITERS[name](path, dict(FLAT))
    refused(path, str(path), "no column 'pl'", "did you mean 'pt'", columns={"p": ColumnSource("pl")})
    refused(path, "no column 'runs'", "did you mean 'run'", event=("runs", "event"))


@pytest.mark.parametrize("name", WRITERS)
def test_an_event_at_two_places_is_refused(tmp_path: Path, name: str):
    path = tmp_path / name
    WRITERS[name](path, FLAT | {"run": np.array([1, 1, 2, 1]), "event": np.array([5, 6, 5, 5])})
    for chunk in (1, 2, 7):
        refused(path, str(path), "run 1 event 5", chunk_events=chunk)


@pytest.mark.parametrize("name", WRITERS)
def test_a_file_given_twice_is_refused(tmp_path: Path, name: str):
    path = tmp_path / name
    WRITERS[name](path, dict(FLAT))
    refused([path, path], str(path), "two places")


@pytest.mark.parametrize("name", WRITERS)
def test_run_numbers_that_are_not_integers_are_refused(tmp_path: Path, name: str):
    path = tmp_path / name
    WRITERS[name](path, FLAT | {"run": np.array([1.0, 1.0, 1.0, 2.0])})
    refused(path, str(path), "'run'", "integer")


def test_text_missing_values_and_lists_of_lists_are_refused(tmp_path: Path):
    path = tmp_path / "x.parquet"
    bad = {"text": ["a", "b", "c", "d"], "hole": [1.0, None, 2.0, 3.0]}
    pq.write_table(pa.table(FLAT | bad), path)
    refused(path, str(path), "'text'", "string", columns={"t": ColumnSource("text")})
    refused(path, str(path), "'hole'", "row 1", columns={"h": ColumnSource("hole")})
    pq.write_table(pa.table(FLAT | {"deep": [[[1.0]]] * 4, "gap": [[1.0], None, [1.0], []]}), path)
    refused(path, str(path), "'deep'", columns={"d": ColumnSource("deep")})
    refused(path, str(path), "'gap'", "row 1", columns={"g": ColumnSource("gap")})
    root = tmp_path / "x.root"
    with uproot.recreate(root) as file:
        file["events"] = FLAT | {"text": ak.Array(["a", "b", "c", "d"])}
    refused(root, str(root), "'text'", columns={"t": ColumnSource("text")})


@pytest.mark.parametrize("suffix", ["parquet", "root"])
def test_lists_of_other_lengths_are_refused(tmp_path: Path, suffix: str):
    lists = {"a": [[1.0], [], [2.0, 3.0]], "b": [[1.0], [], [2.0]]}
    numbers = {"run": np.ones(3, np.int64), "event": np.arange(3), "weight": np.ones(3)}
    path = tmp_path / f"x.{suffix}"
    if suffix == "parquet":
        pq.write_table(pa.table(numbers | lists), path)
    else:
        with uproot.recreate(path) as file:
            file["events"] = numbers | {name: ak.Array(values) for name, values in lists.items()}
    unequal = {"a": ColumnSource("a"), "b": ColumnSource("b")}
    refused(path, str(path), "row 2", "'a' has 2", "'b' has 1", columns=unequal)


def test_trees_are_asked_for_by_name_when_there_are_several(tmp_path: Path):
    path = tmp_path / "two.root"
    with uproot.recreate(path) as file:
        file["signal"] = FLAT
        file["background"] = FLAT
    refused(path, "background, signal")
    refused(path, "did you mean 'signal'", tree="signals")
    read_all(path, tree="signal")


def test_paths_that_are_no_files_are_refused(tmp_path: Path):
    refused(tmp_path, str(tmp_path), "folder")
    refused(tmp_path / "absent.root", "absent.root", "no such file")
    refused(str(tmp_path / "*.root"), "*.root", "no file matches")
    refused([], "no files")
    other = tmp_path / "notes.txt"
    other.write_text("not events")
    refused(other, "notes.txt", "HepMC")
    other.write_text("")
    refused(other, "notes.txt", "empty")


def test_errors_come_before_any_event_of_another_batch_is_lost(golden: Path, tmp_path: Path):
    """A damaged second file is reported, not taken for the end."""
    second = tmp_path / "second.parquet"
    second.write_bytes((golden / "flat.parquet").read_bytes()[:-10])
    refused([golden / "flat.parquet", second], str(second))
    shutil.copy(golden / "flat_ttree.root", tmp_path / "x.parquet")
    read_all(tmp_path / "x.parquet")  # the content says what a file is, not its name


@pytest.mark.parametrize("name", ["flat.parquet", "jagged_ttree.root"])
def test_the_content_of_a_damaged_file_has_no_checksum(golden: Path, tmp_path: Path, name: str):
    damaged = tmp_path / name
    damaged.write_bytes((golden / name).read_bytes()[:-10])
    with pytest.raises(FlashSimError, match=name):
        content_sha256(damaged)
