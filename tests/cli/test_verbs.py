"""Every verb from end to end, on the toy."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import tomllib
from dataclasses import replace
from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import toy

from flashsim import simulate
from flashsim.card import Card, ExternalModel, Gate, Stage, card_from_dict
from flashsim.card.keys import models_in, tags
from flashsim.card.model import kind_of
from flashsim.events import content_sha256
from flashsim.models import FAMILIES
from flashsim.release import Detector, load, save
from flashsim.validation import Metrics, with_left_out

DATA = Path(os.environ.get("FLASHSIM_DATA", Path(__file__).parents[3] / "shared" / "data"))
MAIN = "from flashsim.cli import main; main()"
VERBS = [
    "",
    "demo",
    "reference",
    "card",
    "card init",
    "card matching",
    "reference spectrometer",
    "reference vertices",
    "reference lhcb",
    "train",
    "simulate",
    "validate",
    "inspect",
    "models",
    "export",
    "compare",
]


@pytest.mark.parametrize("verb", VERBS)
def test_help(run, verb: str):
    outcome = run(*verb.split(), "--help")
    assert outcome.status == 0
    assert f"Usage: flashsim{' ' + verb if verb else ''}" in outcome.text


def test_every_verb_has_its_help_tested(run):
    commands = set(re.findall(r"│ (\w+) ", run("--help").text.partition("Commands")[2]))
    assert commands == {verb.split()[0] for verb in VERBS if verb}


def test_models_lists_every_family_with_its_paper(run):
    """Every family that a card may name, of its kind: one that is added without a line is missed here."""
    tables = {tag: table for table in models_in(Stage.model_fields["model"].annotation) for tag in tags(table)}
    assert tables.keys() == FAMILIES.keys()
    for name, table in tables.items():
        parts = {
            "adversarial": {"objective": "gan"},
            "onnx": {"file": "x"},
            "shared-library": {"file": "x", "symbol": "f"},
        }
        assert kind_of(table(family=name, **parts.get(name, {}))) == FAMILIES[name].kind
    outcome = run("models")
    assert outcome.status == 0
    for name, family in FAMILIES.items():
        paper = f" arXiv:{family.arxiv}" if family.arxiv else ""
        assert re.search(rf"\b{name}( \*)? {family.kind} {family.meaning}{paper}", outcome.text)
        assert re.fullmatch(r"\d{4}\.\d{4,5}", family.arxiv) or issubclass(tables[name], ExternalModel)


def test_training_interrupted_goes_on_and_ends_with_the_same_release(run, toy_release: Path, toy_folder: Path):
    """Beside the card as the release that was trained in one go: the same hash then."""
    output = toy_folder / "interrupted"
    command = [sys.executable, "-c", MAIN, "train", str(toy_folder / "toy.toml"), "--output", str(output)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    state = toy_folder / "interrupted.training" / "efficiency" / "state.safetensors"
    while process.poll() is None and not state.exists():
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    printed, _ = process.communicate()
    assert process.returncode == 130, printed
    assert "interrupted: what was trained is kept in" in " ".join(printed.split())
    assert "Traceback" not in printed
    assert not output.exists()
    assert state.exists()

    outcome = run("train", toy_folder / "toy.toml", "--output", output)
    assert outcome.status == 0
    assert f"Release {output} {load(toy_release).hash[:16]}" in outcome.text
    assert not state.parent.parent.exists()


def test_validate_leaves_with_the_verdict(run, toy_detector: Detector, toy_folder: Path, tmp_path: Path):
    """One gate that holds and one that cannot; status 0, where all hold, is tested with `compare`."""
    gate = Gate(c2st_auc=0.99, wasserstein_over_null=1e-3)
    card = toy_detector.card.model_copy(update={"gates": {"resolution": gate}})
    save(replace(toy_detector, card=card), tmp_path / "release")
    command = ["validate", tmp_path / "release", "--sample", toy_folder / "test.parquet", "-o", tmp_path / "report"]
    outcome = run(*command, "--quick")
    assert outcome.status == 1, outcome.text
    assert "fail" in outcome.text
    assert (tmp_path / "report" / "report.html").stat().st_size > 10_000
    metrics = json.loads((tmp_path / "report" / "metrics.json").read_text())
    assert [gate["verdict"] for gate in metrics["gates"]] == ["fail", "pass", "pass", "pass"]


@pytest.mark.parametrize(
    ("name", "options"), [("f.parquet", []), ("f.root", []), ("f.root", ["--format", "rntuple"]), ("f.db", [])]
)
def test_simulate_writes_and_sums_up(run, toy_release: Path, toy_folder: Path, tmp_path: Path, name: str, options):
    outcome = run("simulate", toy_release, toy_folder / "test.parquet", "-o", tmp_path / name, *options)
    assert outcome.status == 0, outcome.text
    truth = ak.from_parquet(toy_folder / "test.parquet")
    events = len(np.unique(truth["event"]))
    for words in (
        f"events (collisions) read {events:,} ",
        f"objects simulated {len(truth):,} ",
        "outside the training range of resolution",
        f"file {tmp_path / name} (",
    ):
        assert words in outcome.text
    shown = run("inspect", tmp_path / name)
    assert shown.status == 0
    kind = {"f.parquet": "Parquet", "f.db": "SQLite"}.get(name, "RNTuple" if options else "TTree")
    for words in (f"{kind}, {events:,} rows", f"release: {load(toy_release).hash}", "track_particle", "track_rec_p"):
        assert words in shown.text
    assert content_sha256(tmp_path / name)


def test_inspect_a_card_and_a_release(run, toy_release: Path, toy_folder: Path):
    card = run("inspect", toy_folder / "toy.toml")
    assert card.status == 0
    for words in ("Card toy", "efficiency category classifier 2 × 16", "found > 0", "dp, hits"):
        assert words in card.text
    release = run("inspect", toy_release)
    assert release.status == 0
    assert f"{load(toy_release).hash}: every checksum holds" in release.text


@pytest.fixture(scope="module")
def flash(toy_release: Path, toy_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("flash") / "flash.parquet"
    simulate(toy_release, toy_folder / "test.parquet", path, oversample=2)
    return path


def test_what_simulate_wrote_is_compared_stage_by_stage(laid, toy_card: Card, toy_folder: Path, flash: Path) -> None:
    """Particles that were not written are those not found; copies of an event are pairs of the one full event."""
    pair, (efficiency, resolution) = laid(toy_card, [toy_folder / "test.parquet"], [flash])
    assert pair.left_out == {}
    assert efficiency.classes == [0, 1]
    assert len(efficiency.candidate) == 2 * len(efficiency.reference)
    assert set(efficiency.candidate.event) == set(efficiency.reference.event)
    full, drawn = (view.columns["found"].mean() for view in (efficiency.reference, efficiency.candidate))
    assert drawn == pytest.approx(full, abs=0.05)
    assert len(resolution.candidate) == efficiency.candidate.columns["found"].sum()
    assert all(np.isfinite(values).all() for values in resolution.candidate.columns.values())
    assert resolution.outputs == ["dp", "hits", "cov_a_a", "cov_b_a", "cov_b_b"]


def test_gates_of_what_a_file_does_not_hold_are_not_judged(laid, toy_folder: Path, flash: Path) -> None:
    """Whether a particle without a track was found and had no momentum, or was not found, the file does not say."""
    text = toy.CARD.replace('where = "found > 0"\ncolumns', 'where = "(found > 0) & (rec_p > 0)"\ncolumns')
    card = card_from_dict(tomllib.loads(text))
    pair, views = laid(card, [toy_folder / "test.parquet"], [flash])
    assert "flash.parquet holds only objects that were written" in pair.left_out["efficiency"]
    assert [view.stage for view in views] == ["resolution"]
    metrics = with_left_out(Metrics(2, "toy", "pass", [], [], {}), pair.left_out, card.stage_gates)
    assert metrics.verdict == "not judged"
    assert {gate.stage for gate in metrics.gates} == {"efficiency"}


def test_a_card_can_have_what_was_drawn_written_for_every_particle(
    laid, toy_detector: Detector, toy_folder: Path, tmp_path: Path
) -> None:
    """Then a file tells how a stage decided on particles of which there is no object."""
    narrow = 'where = "(found > 0) & (rec_p > 0)"\nparticles = ["found"]\ncolumns'
    card = card_from_dict(tomllib.loads(toy.CARD.replace('where = "found > 0"\ncolumns', narrow)))
    save(replace(toy_detector, card=card), tmp_path / "release")
    flash = tmp_path / "flash.parquet"
    simulate(tmp_path / "release", toy_folder / "test.parquet", flash)
    events = ak.from_parquet(flash)
    assert {0, 1} == set(ak.flatten(events.particle_found).tolist())
    links = ak.flatten(events.particle_found[events.track_particle])
    assert ak.all(links == 1)
    assert len(links) > 100
    pair, (efficiency, _) = laid(card, [toy_folder / "test.parquet"], [flash])
    assert "efficiency" not in pair.left_out
    assert efficiency.candidate.columns["found"].sum() == ak.sum(events.particle_found)


COLLISIONS = {"evt0.mc2": [4, 165, 1734], "evt5.mc2": [4, 360, 559, 935, 441, 1763], "evt7.mc2": [746]}


@pytest.fixture(scope="module")
def hepmc_release(toy_detector: Detector, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The toy for the stable particles of a generator's record, along the beam or not."""
    described = toy_detector.card.dump()
    described["columns"] |= {"stable": {"unit": ""}}
    described["stage"][0]["where"] = "stable & (hypot(px, py) > 0) & (pz != 0)"
    card: Card = card_from_dict(described)
    stages = tuple(replace(trained, stage=card.stage(trained.stage.name)) for trained in toy_detector.stages)
    path = tmp_path_factory.mktemp("hepmc") / "release"
    save(Detector(card, stages, toy_detector.provenance), path)
    return path


@pytest.mark.skipif(not DATA.is_dir(), reason=f"no {DATA}: set FLASHSIM_DATA")
@pytest.mark.parametrize("name", COLLISIONS)
def test_hepmc_files(run, hepmc_release: Path, tmp_path: Path, name: str):
    output = tmp_path / "flash.parquet"
    outcome = run("simulate", hepmc_release, DATA / name, "-o", output)
    assert outcome.status == 0, outcome.text
    particles = COLLISIONS[name]
    assert f"events (collisions) read {len(particles)} objects read {sum(particles):,} " in outcome.text
    written = ak.from_parquet(output)
    assert ak.to_list(ak.num(written["particle_pid"])) == particles
    assert re.search(r"outside the training range of efficiency [1-9]", outcome.text)
    tracks = ak.flatten(written["particle_stable"][written["track_particle"]])
    assert ak.all(tracks == 1)
    found = ak.num(written["track_rec_p"])
    for words in (
        f"given to resolution {len(tracks):,} ",
        f"objects reconstructed {len(tracks):,} ",
        f"events with reconstructed objects {np.count_nonzero(found)} ",
    ):
        assert words in outcome.text
    stable = written["particle_stable"] == 1
    along = np.hypot(written["particle_px"], written["particle_py"]) > 0
    assert f"given to efficiency {ak.sum(stable & along):,} " in outcome.text


@pytest.mark.skipif(not DATA.is_dir(), reason=f"no {DATA}: set FLASHSIM_DATA")
def test_several_hepmc_files_are_inspected_and_simulated_together(run, hepmc_release: Path, tmp_path: Path):
    files = [DATA / name for name in COLLISIONS]
    outcome = run("simulate", hepmc_release, *files, "-o", tmp_path / "flash.root", "--oversample", 2)
    assert outcome.status == 0, outcome.text
    total = sum(sum(counts) for counts in COLLISIONS.values())
    assert f"events (collisions) read 10 objects read {total:,} " in outcome.text
    assert "HepMC, 6 rows" in run("inspect", DATA / "evt5.mc2").text
