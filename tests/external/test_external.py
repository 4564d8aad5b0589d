"""Models that are brought along: run as they are, and whatever they do, the run says so in words."""

import hashlib
import shutil
from pathlib import Path

import awkward as ak
import models
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import toy
from scipy.special import ndtr

from flashsim.api import export, simulate, train
from flashsim.errors import FlashSimError
from flashsim.events import content_sha256, read_events
from flashsim.release import load
from flashsim.simulation.keys import object_counters, object_keys, stage_noise
from flashsim.training import read_sample, truth_sources
from flashsim.validation.samples.release import release_views


@pytest.fixture(scope="module")
def brought(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a library, an ONNX file, the card without a sample, and events."""
    folder = tmp_path_factory.mktemp("brought")
    models.compile_library(folder)
    models.write_onnx(folder / "model.onnx")
    (folder / "card.toml").write_text(models.CARD)
    columns = toy.toy_columns(150, seed=3)
    pq.write_table(pa.table({n: columns[n] for n in ("run", "event", "pid", "px", "py", "pz")}), folder / "e.parquet")
    return folder


def card_with(folder: Path, tmp_path: Path, changes: dict[str, str] | None = None) -> Path:
    """A copy of the card in which words are replaced, beside the models."""
    text = models.CARD
    for old, new in (changes or {}).items():
        assert old in text
        text = text.replace(old, new)
    for name in ("model.so", "model.onnx"):
        shutil.copy(folder / name, tmp_path / name)
    (tmp_path / "card.toml").write_text(text)
    return tmp_path / "card.toml"


def test_a_card_of_models_alone_needs_no_sample_and_the_release_nothing_but_itself(brought: Path, tmp_path: Path):
    card = card_with(brought, tmp_path)
    detector = train(card, tmp_path / "release")
    (tmp_path / "model.so").unlink()
    sums = (tmp_path / "release" / "SHA256SUMS").read_text()
    assert hashlib.sha256((brought / "model.so").read_bytes()).hexdigest() + "  stages/resolution.library" in sums
    assert load(tmp_path / "release").hash == detector.hash
    for made, output in ((detector, "a.parquet"), (tmp_path / "release", "b.parquet")):
        simulate(made, brought / "e.parquet", tmp_path / output, run_libraries=True)
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


def test_outputs_are_what_the_function_gives_for_the_noise_of_each_object(brought: Path, tmp_path: Path):
    """Efficiency drawn with the object's own number, dp converted from MeV, one call an object."""
    detector = train(card_with(brought, tmp_path), tmp_path / "release")
    sums = set()
    for workers, chunk in ((1, 7), (3, 1000)):
        simulate(
            detector, brought / "e.parquet", tmp_path / f"{chunk}.parquet", run_libraries=True, workers=workers,
            chunk_events=chunk, seed=5,
        )  # fmt: skip
        sums.add(hashlib.sha256((tmp_path / f"{chunk}.parquet").read_bytes()).hexdigest())
    assert len(sums) == 1
    (batch,) = read_events(brought / "e.parquet", truth_sources(detector.card))
    keys = object_keys(5, object_counters(batch, np.zeros(batch.n_events, np.int64)))
    p = np.sqrt(sum(batch.columns[name].astype(float) ** 2 for name in ("px", "py", "pz")))
    found = ndtr(stage_noise(keys, "efficiency", 1)[:, 0].astype(float)) >= np.exp(-p / 10)
    flash = ak.from_parquet(tmp_path / "7.parquet")
    written = ak.to_numpy(ak.flatten(flash["track_particle"])) + np.repeat(
        batch.offsets[:-1], ak.num(flash["track_particle"])
    )
    assert written.tolist() == np.flatnonzero(found).tolist()
    noise = stage_noise(keys, "resolution", 2)[written]
    expected = p[written] * (1 + 0.01 * noise[:, 0])
    np.testing.assert_allclose(ak.to_numpy(ak.flatten(flash["track_rec_p"])), expected, rtol=1e-5)


def test_an_onnx_file_is_a_stage_like_any_other(brought: Path, tmp_path: Path):
    new = '{ family = "onnx", file = "model.onnx", noise = 2, range = { p = [0.0, 30.0] } }'
    old = '{ family = "shared-library", file = "model.so", symbol = "resolution", noise = 2, timeout = 5.0 }'
    detector = train(card_with(brought, tmp_path, {old: new}), tmp_path / "release")
    counts = simulate(load(tmp_path / "release"), brought / "e.parquet", tmp_path / "f.parquet", run_libraries=True)
    flash = ak.from_parquet(tmp_path / "f.parquet")
    p = np.sqrt(sum(flash[f"particle_{name}"] ** 2 for name in ("px", "py", "pz")))[flash["track_particle"]]
    dp = 1000 * ak.to_numpy(ak.flatten(flash["track_rec_p"] - p))  # the file gives 0.01 · noise, in MeV by the card
    assert np.std(dp) == pytest.approx(0.01, rel=0.1)
    beyond = ak.to_numpy(ak.flatten(p > 30))
    np.testing.assert_array_equal(ak.to_numpy(ak.flatten(flash["track_outside"])), beyond)
    assert counts.outside == {"efficiency": 0, "resolution": int(beyond.sum())}
    with pytest.raises(FlashSimError, match="'efficiency' runs a model that was brought along"):
        export(detector, tmp_path / "exported", format="c")


def test_beside_stages_that_are_trained_it_is_validated_as_they_are(brought: Path, toy_folder: Path, tmp_path: Path):
    for part in ("train", "validation", "test"):
        shutil.copy(toy_folder / f"{part}.parquet", tmp_path)
    shutil.copy(brought / "model.onnx", tmp_path)
    text = toy.CARD.replace("epochs = 8", "epochs = 1")
    head, tail = text[: text.index('[[stage]]\nname = "resolution"')], text[text.index("[gates]") :]
    (tmp_path / "card.toml").write_text(head + RESOLUTION + tail)
    detector = train(tmp_path / "card.toml", tmp_path / "release")
    assert detector.stages[0].summary["epochs"] == 1
    first, second = release_views(load(tmp_path / "release"), read_sample(detector.card, "test"))
    assert first.probability is not None
    assert second.probability is None
    assert second.outputs == ["dp", "ignored"]
    assert np.std(second.candidate.columns["dp"]) == pytest.approx(0.01, rel=0.1)
    assert np.std(second.reference.columns["dp"]) == pytest.approx(0.02, rel=0.3)


RESOLUTION = """
[[stage]]
name = "resolution"
kind = "response"
where = "found > 0"
given = ["p", "found == 1"]
predict = { dp = "rec_p / p - 1", ignored = "hits" }
model = { family = "onnx", file = "model.onnx", noise = 2 }

[output]
name = "track"
where = "found > 0"
columns = ["found", "rec_p"]

"""


@pytest.mark.parametrize(
    ("symbol", "words"),
    [
        ("segfault", "crashed (SIGSEGV): it read or wrote where it must not, perhaps beyond the 2 conditions"),
        ("aborts", "crashed (SIGABRT), in a call for"),
        ("aborts", "it said: weights are gone"),
        ("leaves", "ended its process with status 3"),
        ("hangs", "no answer in a call for"),
        ("nan_for_some", "'dtx' is nan for run 1 event"),
        ("too_few", "gives 1 outputs, the card says 2"),
        ("too_many", "crashed (SIGSEGV)"),
        ("reads_beyond", "crashed (SIGSEGV)"),
    ],
)
def test_a_model_that_goes_wrong_is_one_error_and_leaves_nothing(
    brought: Path, tmp_path: Path, symbol: str, words: str
):
    timeout = "timeout = 0.2" if symbol == "hangs" else "timeout = 5.0"
    card = card_with(brought, tmp_path, {'"resolution", noise': f'"{symbol}", noise', "timeout = 5.0": timeout})
    detector = train(card, tmp_path / "release")
    with pytest.raises(FlashSimError) as error:
        simulate(detector, brought / "e.parquet", tmp_path / "out" / "f.parquet", run_libraries=True, first=5)
    assert words in str(error.value)
    for name in ("resolution", "resolution.library") + (() if symbol == "nan_for_some" else (f": {symbol}: ",)):
        assert name in str(error.value)
    assert not list((tmp_path / "out").iterdir())


def test_a_crash_that_does_not_come_again_is_not_the_end_of_the_run(brought: Path, tmp_path: Path):
    found = set()
    for symbol in ("resolution", "aborts_once"):
        card = card_with(brought, tmp_path, {'"resolution", noise': f'"{symbol}", noise'})
        detector = train(card, tmp_path / f"release_{symbol}")
        simulate(detector, brought / "e.parquet", tmp_path / f"{symbol}.parquet", run_libraries=True, first=5)
        found.add(content_sha256(tmp_path / f"{symbol}.parquet"))
    assert (brought / "marker").exists()
    assert len(found) == 1


def test_probabilities_that_are_none_are_refused(brought: Path, tmp_path: Path):
    old = '"efficiency", classes = [0, 1], outputs = 1'
    detector = train(card_with(brought, tmp_path, {old: '"wrong_sum", classes = [0, 1]'}), tmp_path / "release")
    with pytest.raises(FlashSimError, match=r"gives 0\.5, 0\.9 for an object .*add up to 1"):
        simulate(detector, brought / "e.parquet", tmp_path / "f.parquet", run_libraries=True, first=5)


def test_several_classes_come_as_often_as_the_model_says(brought: Path, tmp_path: Path):
    old = '"efficiency", classes = [0, 1], outputs = 1'
    detector = train(card_with(brought, tmp_path, {old: '"types", classes = [0, 3, 5]'}), tmp_path / "release")
    simulate(detector, brought / "e.parquet", tmp_path / "f.parquet", run_libraries=True)
    flash = ak.from_parquet(tmp_path / "f.parquet")
    found = ak.to_numpy(ak.flatten(flash["track_found"]))
    n = ak.count(flash["particle_px"])
    assert np.sum(found == 3) == pytest.approx(n / 4, abs=5 * np.sqrt(n * 3 / 16))
    assert np.sum(found == 5) == pytest.approx(n / 4, abs=5 * np.sqrt(n * 3 / 16))


REFUSED = {
    'symbol = "resolution"': ('symbol = "resolutoin"', "has no function 'resolutoin'"),
    'file = "model.so", symbol = "resolution"': ('file = "modle.so", symbol = "resolution"', "no such file"),
    'symbol = "resolution", noise = 2': (
        f'symbol = "resolution", noise = 2, sha256 = "{"0" * 64}"',
        "not that of the card",
    ),
    'file = "model.so", symbol = "efficiency"': ('file = "card.toml", symbol = "efficiency"', "cannot be loaded"),
    'family = "shared-library", file = "model.so", symbol = "resolution", noise = 2': (
        'family = "onnx", file = "model.onnx", noise = 3',
        "input 'noise' is tensor(float) of shape ['objects', 2]; the card makes it float32 of objects × 3",
    ),
    'family = "shared-library", file = "model.so", symbol = "resolution", noise': (
        'family = "onnx", file = "model.onnx", conditions = "x", noise',
        "has no input 'x'; it has conditions, noise",
    ),
    "dtx = {}": ("dtx = { type = 'covariance', columns = ['a'] }", "gives plain numbers"),
    "classes = [0, 1], outputs": ("classes = [0, 0], outputs", "a class stands twice"),
    ', classes = [0, 1], outputs = 1 }': (" }", "a category stage needs model.classes"),
    "noise = 2, timeout": ("noise = 2, range = { pp = [0, 1] }, timeout", "'pp' does not stand in given"),
    "dp = { unit": ("dpp = { unit", "unknown name 'dp' (did you mean 'dpp'?)"),
}  # fmt: skip


@pytest.mark.parametrize("old", REFUSED)
def test_what_does_not_fit_is_refused_before_anything_is_simulated(brought: Path, tmp_path: Path, old: str):
    new, words = REFUSED[old]
    with pytest.raises(FlashSimError) as error:
        train(card_with(brought, tmp_path, {old: new}), tmp_path / "release")
    assert words in str(error.value)
    assert not (tmp_path / "release").exists()


def test_a_library_in_a_release_runs_only_when_its_user_says_so(brought: Path, tmp_path: Path):
    detector = train(card_with(brought, tmp_path), tmp_path / "release")
    with pytest.raises(FlashSimError, match="--run-libraries"):
        simulate(detector, brought / "e.parquet", tmp_path / "f.parquet")
    copy = tmp_path / "release" / "stages" / "resolution.library"
    copy.write_bytes(copy.read_bytes() + b"\0")
    with pytest.raises(FlashSimError, match=r"resolution\.library: is damaged or was changed"):
        load(tmp_path / "release")
