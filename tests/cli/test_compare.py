"""Two samples, whatever has made them: what is compared, with what result, and with which status."""

import json
from pathlib import Path

import awkward as ak
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import uproot

from flashsim import read_card
from flashsim.card import card_from_dict
from flashsim.events import expand

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


@pytest.fixture
def card(tmp_path: Path) -> Path:
    (tmp_path / "clusters.toml").write_text(NTUPLES)
    return tmp_path / "clusters.toml"


def test_ntuples_of_another_program_are_compared_and_the_status_is_the_verdict(run, card: Path, tmp_path: Path) -> None:
    """One flat, the other with a list an event, in MeV and with names of their own; then one with another gain."""
    full = write_ntuple(tmp_path / "full.parquet", seed=1)
    good, bad = (write_ntuple(tmp_path / f"{gain}.parquet", seed=2, gain=gain, jagged=gain > 1) for gain in (1.0, 1.1))
    command = ["--card", card, "-o", tmp_path / "report", "--quick"]
    outcome = run("compare", full, good, *command)
    assert outcome.status == 0, outcome.text
    assert "clusters: shift in widths" in outcome.text
    path = tmp_path / "report" / "metrics.json"
    metrics = json.loads(path.read_text())
    assert [stage["stage"] for stage in metrics["stages"]] == ["clusters", "efficiency"]
    assert metrics["provenance"]["events in both"] == 150
    assert metrics["stages"][0]["variables"][1]["unit"] == "GeV"

    again = run("compare", full, bad, *command)
    assert again.status == 2
    assert "report.html: exists already" in again.text
    outcome = run("compare", full, bad, *command, "--overwrite", "--against", path)
    assert outcome.status == 1, outcome.text
    assert "worst: response of 2 variables" in outcome.text
    assert "clusters: shift in widths: was pass, is fail" in outcome.text
    assert "worse clusters: response: shift in widths" in outcome.text
    assert 'id="against"' in (tmp_path / "report" / "report.html").read_text()


def test_too_few_objects_leave_with_status_2(run, card: Path, tmp_path: Path) -> None:
    full = write_ntuple(tmp_path / "full.parquet", seed=1, events=15)
    outcome = run("compare", full, full, "--card", card, "-o", tmp_path / "report", "--quick")
    assert outcome.status == 2, outcome.text
    assert "at least 100 in 20 are needed to judge" in outcome.text


def test_several_files_and_patterns_are_one_sample(laid, card: Path, tmp_path: Path) -> None:
    for number in (1, 2):
        path = write_ntuple(tmp_path / f"full_{number}.parquet", seed=number, events=60)
        table = pq.read_table(path)
        pq.write_table(table.set_column(0, "runNumber", pa.array(np.full(len(table), number))), path)
    fast = write_ntuple(tmp_path / "fast.parquet", seed=3)
    pair, views = laid(read_card(card), expand(str(tmp_path / "full_*.parquet")), [fast])
    assert pair.events == (120, 150)
    assert pair.paired == 60
    clusters = views[0]
    shared = np.intersect1d(clusters.reference.event, clusters.candidate.event)
    assert len(shared) == 60
    assert np.median(clusters.reference.columns["measured"]) < 100  # GeV


def test_a_ttree_of_another_program_is_the_same_sample(laid, card: Path, tmp_path: Path) -> None:
    """One list an event, as ROOT users write it; compared with the same in Parquet there is no difference."""
    full = write_ntuple(tmp_path / "full.parquet", seed=1, jagged=True)
    events = ak.from_parquet(full)
    with uproot.recreate(tmp_path / "full.root") as file:
        file["ntuple"] = {name: events[name] for name in events.fields}
    pair, views = laid(read_card(card), [full], [tmp_path / "full.root"])
    assert pair.left_out == {}
    assert pair.events == (150, 150)
    assert pair.paired == 150
    assert pair.objects[0] == pair.objects[1] == len(views[1].reference)
    for view in views:
        assert (view.reference.event == view.candidate.event).all()
        for name, values in view.reference.columns.items():
            assert view.candidate.columns[name] == pytest.approx(values, rel=1e-6)


def test_compare_refuses_what_it_cannot_use(refused, card: Path, tmp_path: Path) -> None:
    full = write_ntuple(tmp_path / "full.parquet", seed=1)
    report = tmp_path / "report"
    refused("compare", full, tmp_path / "none.root", "--card", card, "-o", report, words=["none.root: no such file"])
    other = tmp_path / "other.parquet"
    pq.write_table(pa.table({"runNumber": [1], "eventNumber": [1], "trueE": [1.0]}), other)
    refused("compare", full, other, "--card", card, "-o", report, words=["clusters: other.parquet has no 'measured'"])
    (tmp_path / "wrong.toml").write_text(NTUPLES.replace("measured / energy", "measurd / energy"))
    words = ["compare.clusters.variables.response", "did you mean 'measured'?"]
    refused("compare", full, full, "--card", tmp_path / "wrong.toml", "-o", report, words=words)
    refused("train", card, "-o", tmp_path / "release", words=["a card without stages is for `flashsim compare` only"])


def test_a_card_of_comparisons_is_inspected(run, card: Path) -> None:
    outcome = run("inspect", card)
    assert outcome.status == 0, outcome.text
    for words in ("Card clusters", "response, measured", "measured > 0"):
        assert words in outcome.text
    dumped = read_card(card).dump()
    assert card_from_dict(dumped).dump() == dumped
