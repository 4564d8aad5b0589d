"""flashsim card init as a user meets it: what it says, and what it refuses."""

from collections.abc import Callable
from pathlib import Path

import nanoaod_events
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import uproot

Refused = Callable[..., None]
SAMPLE = {
    "run": np.ones(400, int),
    "event": np.arange(400),
    "gen_pt": np.linspace(1.0, 50.0, 400),
    "pt": np.linspace(1.0, 50.0, 400) * np.random.default_rng(0).lognormal(0, 0.1, 400),
}


def write(path: Path, **columns: np.ndarray | None) -> Path:
    """The sample with some columns changed, or left out (None)."""
    table = {name: values for name, values in {**SAMPLE, **columns}.items() if values is not None}
    pq.write_table(pa.table(table), path)
    return path


def test_it_says_what_it_guessed_left_out_and_asks(run, tmp_path: Path):
    write(tmp_path / "full.parquet", quality=np.ones(400), depth=np.arange(400) % 7)
    card = tmp_path / "card.toml"
    outcome = run("card", "init", tmp_path / "full.parquet", "-o", card)
    assert outcome.status == 0, outcome.text
    for words in (
        "gen_pt truth by a word in its name",
        "pt positive the generator's is beside it; ratio to gen_pt, ",
        "depth integer nothing in its name says generator; whole numbers from 0 to 6",
        "left out column why quality always 1.0",
        "Units (GeV) are guesses",
        f"flashsim train {card}",
    ):
        assert words in outcome.text
    assert run("inspect", card).status == 0


def test_of_nanoaod_it_says_what_follows_what(run, tmp_path: Path):
    nanoaod_events.write(tmp_path / "nano.root", nanoaod_events.events(100))
    outcome = run("card", "init", tmp_path / "nano.root", "-o", tmp_path / "card.toml")
    assert outcome.status == 0, outcome.text
    for words in (
        "Taken for NanoAOD, by the names of its columns",
        "Jet From GenJet: ",
        "collections left out name why",
        "SV not in the file",
        "Below some 1,000 a card runs, and means nothing",
    ):
        assert words in outcome.text
    # A kind that is asked for is not guessed: the lists are then those of one kind of objects.
    outcome = run("card", "init", tmp_path / "nano.root", "-o", tmp_path / "flat.toml", "--like", "flat")
    assert "kinds of objects" in outcome.text


REFUSED: dict[str, tuple[dict[str, np.ndarray | None], list[str], list[str]]] = {
    "no event numbers": ({"event": None}, [], ["no column tells the events apart", "--event RUN EVENT"]),
    "nothing of the generator": (
        {"gen_pt": None, "pt": None, "rec_pt": SAMPLE["pt"]},
        [],
        ["no column is recognised as truth", "--truth 'gen_*'", "It has rec_pt"],
    ),
    "nothing reconstructed": (
        {"pt": None},
        [],
        ["no column is recognised as reconstructed", "--reconstructed 'rec_*'"],
    ),
    "only NaN reconstructed": ({"pt": np.full(400, np.nan)}, [], ["recognised as reconstructed", "left out: pt: NaN"]),
    "only copies": ({"pt": SAMPLE["gen_pt"]}, [], ["repeats the generator"]),
    "an event twice": ({"event": np.arange(400) % 200}, [], ["full.parquet", "run 1 event 0 comes at two places"]),
    "an unknown event column": ({}, ["--event", "run", "evnt"], ["--event 'evnt'", "did you mean 'event'"]),
    "numbers that are not whole": ({}, ["--event", "run", "pt"], ["--event 'pt'", "whole numbers"]),
    "a pattern of nothing": ({}, ["--truth", "mc_*"], ["--truth 'mc_*'", "no column of numbers", "gen_pt"]),
    "a column on both sides": ({}, ["--truth", "pt", "--reconstructed", "p*"], ["--reconstructed 'p*'", "'pt'"]),
    "a tree in Parquet": ({}, ["--tree", "events"], ["--tree events", "Parquet"]),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_with(refused: Refused, tmp_path: Path, case: str):
    columns, options, words = REFUSED[case]
    write(tmp_path / "full.parquet", **columns)
    refused("card", "init", tmp_path / "full.parquet", "-o", tmp_path / "card.toml", *options, words=words)


def test_what_is_no_file_of_full_simulation(refused: Refused, tmp_path: Path):
    card = tmp_path / "card.toml"
    (tmp_path / "events.hepmc").write_text("HepMC::Version 3.02.05\n")
    refused(
        "card", "init", tmp_path / "events.hepmc", "-o", card, words=["neither ROOT nor Parquet", "full simulation"]
    )
    refused("card", "init", tmp_path / "absent.root", "-o", card, words=["absent.root: no such file"])
    write(tmp_path / "a.parquet"), write(tmp_path / "b.parquet")
    refused("card", "init", tmp_path / "*.parquet", "-o", card, words=["2 files; give one of them"])
    with uproot.recreate(tmp_path / "two.root") as file:
        file.mktree("one", {"run": "int32"})
        file.mktree("two", {"run": "int32"})
    refused("card", "init", tmp_path / "two.root", "-o", card, words=["name the TTree", "one, two"])


def test_no_card_is_overwritten_and_none_has_another_name(refused: Refused, tmp_path: Path):
    file = write(tmp_path / "full.parquet")
    (tmp_path / "card.toml").write_text("mine")
    refused("card", "init", file, "-o", tmp_path / "card.toml", words=["card.toml: exists already"])
    refused("card", "init", file, "-o", tmp_path / "card.yaml", words=["card.yaml", "ends in .toml"])
    refused("card", "init", file, "-o", tmp_path / "cards" / "card.toml", words=["no folder", "make it first"])
