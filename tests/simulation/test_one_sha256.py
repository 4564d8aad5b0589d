"""One request, one sha256: whatever the workers and the chunks, killed or interrupted in the middle or not."""

import hashlib
import signal
import subprocess
import sys
import time
from functools import partial
from importlib import import_module
from pathlib import Path

import awkward as ak
import numpy as np
import pyarrow.parquet as pq
import pytest
import toy
from output_formats import FORMATS

from flashsim.api import simulate
from flashsim.errors import FlashSimError
from flashsim.events import content_sha256
from flashsim.release import Detector
from flashsim.simulation import blocks

EVENTS = 600  # about 12,000 objects
SMALL_BLOCK = 1500

# The command line with small blocks, each of which takes a moment: time enough to be stopped in the middle.
SLOW = f"""
import sys, time
from functools import partial
from importlib import import_module
produce = import_module("flashsim.simulation.produce")
produce.blocks = partial(produce.blocks, size={SMALL_BLOCK})
quick = produce.simulate_block
def slow(*arguments):
    time.sleep(0.4)
    return quick(*arguments)
produce.simulate_block = slow
from flashsim.cli import main
main()
"""


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(import_module("flashsim.simulation.produce"), "blocks", partial(blocks, size=SMALL_BLOCK))


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Truth only: what a generator gives."""
    path = tmp_path_factory.mktemp("events") / "events.parquet"
    columns = toy.toy_columns(EVENTS, seed=5)
    pq.write_table(toy.pa.table({name: columns[name] for name in ("run", "event", "pid", "px", "py", "pz")}), path)
    return path


@pytest.fixture(scope="module")
def uninterrupted(toy_detector: Detector, events: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The checksum of each format from one thread reading seven events at a time."""
    folder = tmp_path_factory.mktemp("uninterrupted")
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(import_module("flashsim.simulation.produce"), "blocks", partial(blocks, size=SMALL_BLOCK))
        for kind, (name, format) in FORMATS.items():
            simulate(toy_detector, events, folder / kind / name, workers=1, chunk_events=7, format=format)
            found[kind] = sha256(folder / kind / name)
    return found


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("kind", FORMATS)
def test_workers_and_chunks_change_no_bit(
    toy_detector: Detector, events: Path, tmp_path: Path, uninterrupted: dict[str, str], kind: str
):
    name, format = FORMATS[kind]
    simulate(toy_detector, events, tmp_path / name, workers=4, chunk_events=1000, format=format)
    assert sha256(tmp_path / name) == uninterrupted[kind]
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(
    ("stop", "status", "said"), [(signal.SIGKILL, -9, ""), (signal.SIGINT, 130, "the same command goes on")]
)
def test_a_run_stopped_in_the_middle_goes_on_and_ends_with_the_same_bits(
    toy_release: Path,
    toy_detector: Detector,
    events: Path,
    tmp_path: Path,
    uninterrupted: dict[str, str],
    stop: signal.Signals,
    status: int,
    said: str,
):
    output = tmp_path / "flash.parquet"
    arguments = ["simulate", str(toy_release), str(events), "--output", str(output), "--workers", "1"]
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    finished = tmp_path / "flash.parquet.unfinished"
    while process.poll() is None and len(list(finished.glob("block-*.safetensors"))) < 2:
        time.sleep(0.02)
    process.send_signal(stop)
    printed, _ = process.communicate()
    assert process.returncode == status, printed
    assert said in " ".join(printed.split())
    assert "Traceback" not in printed
    assert not output.exists()
    kept = sorted(path.name for path in finished.glob("block-*.safetensors"))
    assert 2 <= len(kept) < 7  # 8 blocks in all: it was the middle

    again = import_module("flashsim.simulation.produce")
    simulated: list[int] = []
    quick = again.simulate_block

    def counted(detector: Detector, block: object, seed: int):
        simulated.append(block.number)  # type: ignore[attr-defined]
        return quick(detector, block, seed)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(again, "simulate_block", counted)
        simulate(toy_release, events, output, workers=1)
    assert sorted(simulated) == list(range(len(kept), len(simulated) + len(kept)))
    assert sha256(output) == uninterrupted["parquet"]
    assert [path.name for path in tmp_path.iterdir()] == ["flash.parquet"]


def test_what_is_unfinished_is_not_mixed_with_another_request(toy_detector: Detector, events: Path, tmp_path: Path):
    def stop(_: object) -> None:
        raise KeyboardInterrupt

    output = tmp_path / "flash.parquet"
    with pytest.raises(KeyboardInterrupt):
        simulate(toy_detector, events, output, report=stop)
    for other in ({"seed": 1}, {"oversample": 2}, {"first": 10}):
        with pytest.raises(FlashSimError, match=r"flash.parquet.unfinished: holds part of another run"):
            simulate(toy_detector, events, output, **other)
    simulate(toy_detector, events, output)
    assert output.exists()


def test_a_block_that_was_damaged_is_simulated_again(
    toy_detector: Detector, events: Path, tmp_path: Path, uninterrupted: dict[str, str]
):
    def stop(_: object) -> None:
        raise KeyboardInterrupt

    output = tmp_path / "flash.parquet"
    with pytest.raises(KeyboardInterrupt):
        simulate(toy_detector, events, output, report=stop)
    block = tmp_path / "flash.parquet.unfinished" / "block-000000.safetensors"
    block.write_bytes(block.read_bytes()[:-40])
    simulate(toy_detector, events, output)
    assert sha256(output) == uninterrupted["parquet"]


def test_formats_say_the_same(toy_detector: Detector, events: Path, tmp_path: Path):
    contents = set()
    for kind, (name, format) in FORMATS.items():
        simulate(toy_detector, events, tmp_path / kind / name, first=50, format=format)
        contents.add(content_sha256(tmp_path / kind / name))
    assert len(contents) == 1


def test_another_seed_gives_other_numbers_for_the_same_truth(toy_detector: Detector, events: Path, tmp_path: Path):
    first, second = (
        simulated(toy_detector, events, tmp_path / f"{seed}.parquet", first=20, seed=seed) for seed in (0, 1)
    )
    assert ak.array_equal(first["particle_px"], second["particle_px"])
    assert ak.to_list(first["track_rec_p"]) != ak.to_list(second["track_rec_p"])


def test_copies_of_an_event_have_its_truth_and_numbers_of_their_own(
    toy_detector: Detector, events: Path, tmp_path: Path
):
    once = simulated(toy_detector, events, tmp_path / "1.parquet", first=20)
    thrice = simulated(toy_detector, events, tmp_path / "3.parquet", first=20, oversample=3)
    np.testing.assert_array_equal(thrice["copy"], np.tile([0, 1, 2], 20))
    for copy in range(3):
        rows = thrice[thrice["copy"] == copy]
        np.testing.assert_array_equal(rows["event"], once["event"])
        assert ak.to_list(rows["particle_px"]) == ak.to_list(once["particle_px"])
        same = ak.to_list(rows["track_rec_p"]) == ak.to_list(once["track_rec_p"])
        assert same == (copy == 0)


def test_tracks_link_to_their_particles(toy_detector: Detector, events: Path, tmp_path: Path):
    written = simulated(toy_detector, events, tmp_path / "flash.parquet", first=200)
    truth = written[["particle_px", "particle_py", "particle_pz"]]
    linked = [truth[name][written["track_particle"]] for name in truth.fields]
    p = np.sqrt(sum(ak.to_numpy(ak.flatten(values)).astype(float) ** 2 for values in linked))
    response = ak.to_numpy(ak.flatten(written["track_rec_p"])) / p
    assert np.abs(np.median(response) - 1) < 0.01
    assert np.std(response) < 0.1
    assert ak.all(written["track_found"] == 1, axis=None)


def simulated(detector: Detector, events: Path, output: Path, **options: object) -> ak.Array:
    simulate(detector, events, output, **options)  # type: ignore[arg-type]
    return ak.from_parquet(output)
