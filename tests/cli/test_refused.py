"""What cannot be used is refused: status 2, a message that says where and what, and nothing left behind."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import uproot

Refused = Callable[..., None]

CARDS = {
    "a misspelt column": (
        'given = ["log10(p)", "tx", "species"]\npredict',
        'given = ["log10(p)", "tz", "species"]\npredict',
        ["stage.efficiency.given[1]", "'tz'", "did you mean"],
    ),
    "a column that the sample lacks": (
        'pz = "GeV"\n',
        'pz = "GeV"\npw = "GeV"\n',
        ["train.parquet", "'pw'", "did you mean"],
    ),
    "a unit that is none": ('px = "GeV"', 'px = "GeVV"', ["columns.px.unit", "'GeVV'", "did you mean 'GeV'"]),
    "a cycle": ('tx = "px / pz"', 'tx = "ty / pz"\nty = "tx * pz"', ["derive", "tx → ty → tx"]),
    "an unknown key": ('kind = "category"', 'kind = "category"\ngivn = []', ["givn", "did you mean 'given'"]),
    "not TOML": ("schema = 1", "schema = = 1", ["not a TOML file"]),
    "another schema": ("schema = 1", "schema = 2", ["schema = 2", "upgrade"]),
    "an empty selection": (
        'where = "found > 0"\ngiven',
        'where = "found > 9"\ngiven',
        ["stage 'resolution'", "'found > 9'", "selects 0 of"],
    ),
    "an empty sample": ("[columns]", 'where = "found > 9"\n[columns]', ["train.parquet", "sample.where = 'found > 9'"]),
    "a formula that undoes nothing": (
        'from = "p * (1 + dp)"',
        'from = "p * (1 - dp)"',
        ["reconstructed.rec_p.from", "'p * (1 - dp)'", "must undo"],
    ),
    "a formula that loses a sign": (
        'from = "p * (1 + dp)"',
        'from = "p * (1 + abs(dp))"',
        ["reconstructed.rec_p.from", "must undo"],
    ),
    "a division by zero": (
        'given = ["log10(p)", "tx", "species"]\npredict',
        'given = ["log10(p)", "1 / (pid - 13)", "species"]\npredict',
        ["stage 'efficiency'", "'1 / (pid - 13)' is inf", "run 1 event 0 object", "where"],
    ),
}


@pytest.mark.parametrize("case", CARDS)
def test_a_card_with(refused: Refused, toy: Path, case: str):
    right, wrong, words = CARDS[case]
    card = toy / "toy.toml"
    text = card.read_text()
    assert text.count(right) == 1
    card.write_text(text.replace(right, wrong))
    refused("train", card, "-o", toy / "release", words=["toy.toml" if words[0] in wrong else "", *words])


def spoil(path: Path, column: str, row: int, value: float) -> None:
    table = pq.read_table(path)
    values = table[column].to_numpy().copy()
    values[row] = value
    pq.write_table(table.set_column(table.column_names.index(column), column, pa.array(values)), path)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("column", ["px", "rec_p"])
def test_a_sample_that_holds_no_number_somewhere(refused: Refused, toy: Path, column: str, value: float):
    spoil(toy / "train.parquet", column, 123, value)
    words = ["train.parquet", f"'{column}'", str(value), "row 123"]
    refused("train", toy / "toy.toml", "-o", toy / "release", words=words)


@pytest.mark.parametrize("kind", ["parquet", "root"])
@pytest.mark.parametrize("part", [0.0, 0.3, 0.999])
def test_a_truncated_sample(refused: Refused, toy: Path, kind: str, part: float):
    file = toy / "train.parquet"
    if kind == "root":
        table = pq.read_table(file)
        file = toy / "train.root"
        with uproot.recreate(file) as root:
            root.mktree("tree", {name: table[name].to_numpy().dtype for name in table.column_names})
            root["tree"].extend({name: table[name].to_numpy() for name in table.column_names})
        card = toy / "toy.toml"
        card.write_text(card.read_text().replace("train.parquet", "train.root"))
    content = file.read_bytes()
    file.write_bytes(content[: int(part * len(content))])
    refused("train", toy / "toy.toml", "-o", toy / "release", words=[file.name])
    refused("inspect", file, words=[file.name])


def test_no_sample(refused: Refused, toy: Path):
    (toy / "validation.parquet").unlink()
    refused("train", toy / "toy.toml", "-o", toy / "release", words=["validation.parquet: no such file"])


@pytest.mark.parametrize("name", ["nowhere.toml", "nowhere", "nowhere.root"])
def test_inspect_nothing(refused: Refused, tmp_path: Path, name: str):
    refused("inspect", tmp_path / name, words=[name])


def events(path: Path, **columns: list) -> Path:
    whole = {"run": [1, 1, 1], "event": [4, 4, 5], "pid": [13, 211, -13], "px": [1.0, 0.5, 2.0], "py": [0.0, 1.0, 2.0]}
    pq.write_table(pa.table(whole | {"pz": [10.0, 20.0, 30.0]} | columns), path)
    return path


@pytest.mark.parametrize("there", ["a file", "a folder"])
@pytest.mark.parametrize("verb", ["train", "simulate"])
def test_an_output_that_exists(refused: Refused, toy: Path, toy_release: Path, verb: str, there: str):
    output = toy / "output.parquet"
    if there == "a file":
        output.write_text("mine")
    else:
        output.mkdir()
    first = [toy / "toy.toml"] if verb == "train" else [toy_release, toy / "test.parquet"]
    refused(verb, *first, "-o", output, words=[str(output), "exists already"])


@pytest.mark.parametrize("name", ["out.txt", "out", "out.hepmc", "out.parqet"])
def test_an_output_of_no_known_format(refused: Refused, tmp_path: Path, toy_release: Path, name: str):
    refused(
        "simulate",
        toy_release,
        events(tmp_path / "e.parquet"),
        "-o",
        tmp_path / name,
        words=[name, "*.parquet, *.root, *.sqlite or *.db"],
    )


def test_a_format_that_does_not_fit_the_name(refused: Refused, tmp_path: Path, toy_release: Path):
    arguments = [toy_release, events(tmp_path / "e.parquet"), "-o", tmp_path / "o.parquet", "--format", "rntuple"]
    refused("simulate", *arguments, words=["o.parquet", "'rntuple'"])


def test_an_output_below_a_file(refused: Refused, tmp_path: Path, toy_release: Path):
    (tmp_path / "file").write_text("mine")
    file = events(tmp_path / "e.parquet")
    refused("simulate", toy_release, file, "-o", tmp_path / "file" / "o.parquet", words=["cannot be written"])


EVENTS = {
    "no such column": ({"pz": None}, ["no column 'pz'", "did you mean"]),
    "no run": ({"run": None}, ["no column 'run'"]),
    "not a number": ({"px": [1.0, np.nan, 2.0]}, ["'px' has nan at row 1"]),
    "not finite through an expression": ({"pz": [10.0, 20.0, 0.0]}, ["'tx' is inf", "run 1 event 5 object 0", "where"]),
    "too large for the network": ({"px": [1.0, 1e60, 2.0]}, ["'tx' is inf", "run 1 event 4 object 1"]),
    "an event twice": ({"event": [4, 5, 4]}, ["run 1 event 4 comes at two places"]),
    "text": ({"px": ["a", "b", "c"]}, ["'px' holds string"]),
    "no events": ({}, ["the input holds no events"]),
}


@pytest.mark.parametrize("case", EVENTS)
def test_events_with(refused: Refused, tmp_path: Path, toy_release: Path, case: str):
    columns, words = EVENTS[case]
    path = events(tmp_path / "events.parquet", **{name: new for name, new in columns.items() if new is not None})
    table = pq.read_table(path)
    for name in [name for name, new in columns.items() if new is None]:
        table = table.drop_columns(name)
    pq.write_table(table.slice(0, 0) if case == "no events" else table, path)
    refused("simulate", toy_release, path, "-o", tmp_path / "flash.parquet", words=words)


def test_bad_events_after_good_ones_leave_nothing(refused: Refused, tmp_path: Path, toy_release: Path):
    good = events(tmp_path / "good.parquet")
    bad = events(tmp_path / "bad.parquet", event=[14, 14, 15], pz=[10.0, np.nan, 3.0])
    refused("simulate", toy_release, good, bad, "--chunk", 1, "-o", tmp_path / "f.root", words=["bad.parquet", "row 1"])


def test_events_without_objects_are_simulated(run, tmp_path: Path, toy_release: Path):
    names = ["pid", "px", "py", "pz"]
    lists = {name: pa.array([[], [], []], pa.list_(pa.float64())) for name in names}
    pq.write_table(pa.table({"run": [1, 1, 1], "event": [1, 2, 3]} | lists), tmp_path / "e.parquet")
    outcome = run("simulate", toy_release, tmp_path / "e.parquet", "-o", tmp_path / "flash.root")
    assert outcome.status == 0, outcome.text
    assert "events (collisions) read 3 objects read 0 " in outcome.text


@pytest.mark.parametrize("verb", ["simulate", "validate", "inspect"])
def test_a_release_that_is_none(refused: Refused, tmp_path: Path, verb: str):
    (tmp_path / "empty").mkdir()
    rest = {"simulate": [tmp_path / "e.parquet", "-o", tmp_path / "f.root"], "validate": ["-o", tmp_path / "r"]}
    refused(verb, tmp_path / "empty", *rest.get(verb, []), words=["not a release", "SHA256SUMS"])
    if verb != "inspect":
        refused(verb, tmp_path / "nowhere", *rest[verb], words=["no such release", "flashsim train"])


def test_validate_without_the_sample_that_it_was_trained_from(refused: Refused, tmp_path: Path, toy_release: Path):
    shutil.copytree(toy_release, tmp_path / "moved")
    refused("validate", tmp_path / "moved", "-o", tmp_path / "report", words=["no longer at", "--sample"])


# A process that may not write a file larger than this meets the error of a full disk.
FULL = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, ({0}, {0}))
from flashsim.cli import main
main()
"""
LIMITS = {"train": 3000, "simulate": 40_000, "simulate root": 40_000, "validate": 5000}


@pytest.mark.parametrize("verb", LIMITS)
def test_a_full_disk(toy: Path, toy_release: Path, verb: str):
    output = {"train": "release", "simulate": "f.parquet", "simulate root": "f.root", "validate": "report"}[verb]
    inputs = {"train": [toy / "toy.toml"], "validate": [toy_release, "--sample", toy / "test.parquet"]}
    given = inputs.get(verb, [toy_release, toy / "train.parquet"])
    before = {path.name for path in toy.rglob("*")}
    ended = subprocess.run(
        [sys.executable, "-c", FULL.format(LIMITS[verb]), verb.split()[0], *given, "--output", toy / output],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"COLUMNS": "300"},
    )
    printed = " ".join((ended.stdout + ended.stderr).split())
    assert ended.returncode == 2, printed
    assert "no space left on the disk" in printed
    assert "Traceback" not in printed
    left = {path.name for path in toy.rglob("*")} - before
    assert left <= {"report"}
    assert not any((toy / "report").glob("*"))
