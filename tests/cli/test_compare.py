"""Two samples, whatever has made them: what is compared, with what result, and with which status."""

import json
import tomllib
from pathlib import Path

import awkward as ak
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import toy

from flashsim import read_card, simulate
from flashsim.api import compare
from flashsim.card import card_from_dict

NTUPLES = """
schema = 1
name = "clusters"

[sample]
event = ["runNumber", "eventNumber"]

[columns]
energy = { unit = "MeV", source = "trueE" }
measured = { unit = "MeV", source = "recoE" }

[compare.clusters]
where = "measured > 0"
conditions = ["log10(energy)"]
variables = { response = "measured / energy", measured = { type = "positive" } }

[compare.efficiency]
category = "measured > 0"
conditions = ["log10(energy)"]

[gates]
clusters = { width_ratio_within = 0.2, shift_in_widths_below = 0.2 }
"""


def write_ntuple(path: Path, seed: int, *, gain: float = 1.0, events: int = 150, jagged: bool = False) -> Path:
    """Clusters of calorimeter-like energies in MeV, a tenth of them lost."""
    random = np.random.default_rng(seed)
    counts = random.poisson(12, events)
    energy = 10 ** random.uniform(3, 5, counts.sum())
    measured = gain * energy * (1 + 0.05 * random.normal(size=len(energy)))
    measured[random.uniform(size=len(energy)) < 0.1] = 0.0
    number = np.arange(events)
    if jagged:
        columns = {"runNumber": np.ones(events, int), "eventNumber": number}
        lists = {name: ak.unflatten(values, counts) for name, values in (("trueE", energy), ("recoE", measured))}
        ak.to_parquet(ak.zip(columns | lists, depth_limit=1), path)
        return path
    columns = {"runNumber": np.ones(len(energy), int), "eventNumber": np.repeat(number, counts)}
    pq.write_table(pa.table(columns | {"trueE": energy, "recoE": measured}), path)
    return path


@pytest.fixture(autouse=True)
def few_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flashsim.validation.classifiers.TREES", 10)
    monkeypatch.setattr("flashsim.validation.classifiers.EPOCHS", 2)


@pytest.fixture
def card(tmp_path: Path) -> Path:
    (tmp_path / "clusters.toml").write_text(NTUPLES)
    return tmp_path / "clusters.toml"


@pytest.mark.parametrize(
    ("gain", "events", "status", "words"),
    [
        (1.0, 150, 0, "clusters: shift in widths"),
        (1.05, 150, 1, "worst: response of 2 variables"),
        (1.0, 5, 2, "at least 100 in 20 events are needed to judge"),
    ],
    ids=["alike", "another gain", "too few"],
)
def test_ntuples_of_another_program_are_compared_and_the_status_is_the_verdict(
    run, card: Path, tmp_path: Path, gain: float, events: int, status: int, words: str
) -> None:
    """One flat, the other with a list an event, in MeV and with names of their own."""
    full = write_ntuple(tmp_path / "full.parquet", seed=1)
    fast = write_ntuple(tmp_path / "fast.parquet", seed=2, gain=gain, events=events, jagged=True)
    outcome = run("compare", full, fast, "--card", card, "-o", tmp_path / "report")
    assert outcome.status == status, outcome.text
    assert words in outcome.text
    metrics = json.loads((tmp_path / "report" / "metrics.json").read_text())
    assert [stage["stage"] for stage in metrics["stages"]] == ["clusters", "efficiency"]
    assert metrics["provenance"]["events in both"] == events
    assert metrics["stages"][0]["variables"][1]["unit"] == "GeV"


def test_several_files_and_patterns_are_one_sample(run, card: Path, tmp_path: Path) -> None:
    for number in (1, 2):
        path = write_ntuple(tmp_path / f"full_{number}.parquet", seed=number, events=60)
        table = pq.read_table(path)
        run_number = pa.array(np.full(len(table), number))
        pq.write_table(table.set_column(0, "runNumber", run_number), path)
    fast = write_ntuple(tmp_path / "fast.parquet", seed=3)
    outcome = run("compare", tmp_path / "full_*.parquet", fast, "--card", card, "-o", tmp_path / "report")
    assert outcome.status == 0, outcome.text
    provenance = json.loads((tmp_path / "report" / "metrics.json").read_text())["provenance"]
    assert provenance["reference"] == "full_1.parquet, full_2.parquet"
    assert provenance["events"] == [120, 150]


@pytest.fixture
def flash(toy_release: Path, toy_folder: Path, tmp_path: Path) -> Path:
    simulate(toy_release, toy_folder / "test.parquet", tmp_path / "flash.parquet", oversample=2)
    return tmp_path / "flash.parquet"


def test_what_simulate_wrote_is_compared_stage_by_stage(toy_folder: Path, flash: Path, tmp_path: Path) -> None:
    """Particles that were not written are those not found; copies of an event are pairs of the one full event."""
    card = card_from_dict(tomllib.loads(toy.CARD))
    metrics = compare(toy_folder / "test.parquet", flash, tmp_path / "report", card=card)
    efficiency, resolution = metrics.stages
    assert efficiency.rows_candidate == 2 * efficiency.rows_reference
    assert efficiency.events_candidate == efficiency.events_reference
    found = [fraction.candidate.value for fraction in efficiency.fractions if fraction.class_value == 1]
    assert found[0] == pytest.approx(0.8, abs=0.1)
    assert resolution.problem == ""
    assert sum(entry.count for entry in resolution.impossible) == 0
    assert "not compared" not in metrics.provenance


def test_gates_of_what_a_file_does_not_hold_are_not_judged(run, toy_folder: Path, flash: Path, tmp_path: Path) -> None:
    text = toy.CARD.replace('columns = ["found", ', "columns = [").replace('where = "found > 0"\ncolumns', "columns")
    (tmp_path / "toy.toml").write_text(text)
    outcome = run(
        "compare", toy_folder / "test.parquet", flash, "--card", tmp_path / "toy.toml", "-o", tmp_path / "report"
    )
    assert outcome.status == 2, outcome.text
    assert "not compared efficiency: flash.parquet has no 'found'" in outcome.text


def test_compare_refuses_what_it_cannot_use(refused, card: Path, tmp_path: Path) -> None:
    full = write_ntuple(tmp_path / "full.parquet", seed=1)
    report = tmp_path / "report"
    refused("compare", full, tmp_path / "none.root", "--card", card, "-o", report, words=["none.root: no such file"])
    other = tmp_path / "other.parquet"
    pq.write_table(pa.table({"runNumber": [1], "eventNumber": [1], "trueE": [1.0]}), other)
    refused("compare", full, other, "--card", card, "-o", report, words=["clusters: other.parquet has no 'measured'"])
    (tmp_path / "empty.toml").write_text(NTUPLES.replace("measured / energy", "measurd / energy"))
    words = ["compare.clusters.variables.response", "did you mean 'measured'?"]
    refused("compare", full, full, "--card", tmp_path / "empty.toml", "-o", report, words=words)
    refused("train", card, "-o", tmp_path / "release", words=["a card without stages is for `flashsim compare` only"])


def test_a_report_is_not_overwritten_unasked_and_shows_what_changed(run, card: Path, tmp_path: Path) -> None:
    full = write_ntuple(tmp_path / "full.parquet", seed=1)
    good, bad = (write_ntuple(tmp_path / f"{gain}.parquet", seed=2, gain=gain) for gain in (1.0, 1.1))
    command = ["compare", full, good, "--card", card, "-o", tmp_path / "report"]
    assert run(*command).status == 0
    again = run(*command)
    assert again.status == 2
    assert "report.html: exists already" in again.text
    metrics = tmp_path / "report" / "metrics.json"
    outcome = run("compare", full, bad, *command[3:], "--overwrite", "--against", metrics)
    assert outcome.status == 1
    assert "clusters: shift in widths: was pass, is fail" in outcome.text
    assert "worse clusters: response: shift in widths" in outcome.text
    assert 'id="against"' in (tmp_path / "report" / "report.html").read_text()
    outcome = run("compare", full, good, *command[3:], "--overwrite", "--against", metrics)
    assert outcome.status == 0
    assert "better clusters: response: shift in widths" in outcome.text


def test_a_card_of_comparisons_is_inspected(run, card: Path) -> None:
    outcome = run("inspect", card)
    assert outcome.status == 0, outcome.text
    assert "clusters" in outcome.text
    assert read_card(card).dump()["compare"].keys() == {"clusters", "efficiency"}
