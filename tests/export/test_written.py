"""The folder that `flashsim export` writes: what is in it, what the description says, and what is refused."""

import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from formats import CC

from flashsim.api import export
from flashsim.card import card_from_dict
from flashsim.errors import FlashSimError
from flashsim.exports.chain import Chain
from flashsim.exports.write import write_export
from flashsim.release import Detector, sha256

GOLDEN = {
    "schema": 1,
    "name": "toy",
    "description": "Efficiency that rises with momentum, Gaussian resolution that grows with it.",
    "format": "c",
}
CONDITIONS = [
    {"name": "log10(p)", "type": "number", "expression": "log10(p)"},
    {"name": "tx", "type": "number", "expression": "tx"},
    {"name": "species == 13", "type": "flag", "category": "species", "value": 13, "in_training": True},
    {"name": "species == 211", "type": "flag", "category": "species", "value": 211, "in_training": True},
]
OUTPUTS = [
    {"name": "dp", "unit": "", "type": "continuous"},
    {"name": "hits", "unit": "", "type": "integer"},
    {"name": "cov_a_a", "unit": "", "type": "covariance"},
    {"name": "cov_b_a", "unit": "", "type": "covariance"},
    {"name": "cov_b_b", "unit": "", "type": "covariance"},
]


@pytest.fixture(scope="module")
def written(toy_release: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("written") / "c"
    export(toy_release, folder, format="c")
    return folder


def test_the_description_says_what_goes_in_and_out(written: Path, toy_detector: Detector):
    described = json.loads((written / "description.json").read_text())
    assert described.items() >= GOLDEN.items()
    assert described["release"] == toy_detector.hash
    efficiency, resolution = described["stages"]
    ranges = [(one.pop("lowest"), one.pop("highest")) for one in resolution["conditions"] if one["type"] == "number"]
    assert resolution["conditions"] == CONDITIONS
    assert ranges[1] == pytest.approx((-0.2, 0.2), abs=0.01)
    assert resolution["outputs"] == OUTPUTS
    assert resolution["noise"]["size"] == 5
    assert efficiency["outputs"] == [{"name": "found", "unit": "", "type": "category", "classes": [0, 1]}]
    whole = described["detector"]
    assert [(one["name"], one["unit"]) for one in whole["truth"]] == [
        ("pid", ""),
        ("px", "GeV"),
        ("py", "GeV"),
        ("pz", "GeV"),
    ]
    assert whole["noise"]["stages"] == [
        {"stage": "efficiency", "first": 0, "size": 1},
        {"stage": "resolution", "first": 1, "size": 5},
    ]
    assert [one["name"] for one in whole["outputs"]] == toy_detector.card.output.columns
    assert whole["outputs"][1] == {"name": "rec_p", "unit": "GeV", "type": "number", "absent": None}


def test_the_description_lists_every_file_with_its_checksum(written: Path):
    files = json.loads((written / "description.json").read_text())["files"]
    assert files.keys() | {"description.json"} == {path.name for path in written.iterdir()}
    assert all(sha256(written / name) == checksum for name, checksum in files.items())


def test_the_same_release_gives_the_same_bytes(written: Path, toy_release: Path, tmp_path: Path):
    export(toy_release, tmp_path / "again", format="c")
    for path in written.iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes()


def test_the_example_in_c_compiles_and_runs(written: Path, tmp_path: Path):
    if shutil.which("cc") is None:
        pytest.skip("no C compiler `cc` on this machine")
    program = tmp_path / "example"
    files = [written / "example.c", written / "toy.c"]
    # Not -O3: that the source passes with it is tested with the parity.
    flags = ["-O0" if flag == "-O3" else flag for flag in CC]
    subprocess.run([*flags, *map(str, files), "-o", str(program), "-lm"], check=True)
    printed = subprocess.run([program], check=True, capture_output=True, text=True).stdout
    assert len(printed.splitlines()) == 3
    assert len(printed.splitlines()[0].split()) == 9  # seven columns, and two flags


def test_the_example_in_cpp_compiles_and_runs(toy_release: Path, tmp_path: Path):
    """Against ONNX Runtime's headers, whose folder ONNXRUNTIME_INCLUDE names, and the library of its wheel."""
    headers, found = os.environ.get("ONNXRUNTIME_INCLUDE"), find_spec("onnxruntime")
    if headers is None or found is None or found.origin is None or shutil.which("c++") is None:
        pytest.skip("needs c++, onnxruntime, and its headers, which no wheel has: set ONNXRUNTIME_INCLUDE to them")
    export(toy_release, tmp_path / "onnx", format="onnx")
    folder = tmp_path / "onnx"
    library = next((Path(found.origin).parent / "capi").glob("libonnxruntime.so.*"))
    (folder / "libonnxruntime.so.1").symlink_to(library)  # the wheel has the file, not the name that it goes by
    command = [
        "c++",
        "-std=c++17",
        "example.cpp",
        "-I",
        headers,
        "libonnxruntime.so.1",
        "-Wl,-rpath,.",
        "-o",
        "example",
    ]
    subprocess.run(command, cwd=folder, check=True)
    printed = subprocess.run(["./example"], cwd=folder, check=True, capture_output=True, text=True).stdout
    assert len(printed.splitlines()) == 3


def test_what_exists_is_not_overwritten(toy_release: Path, tmp_path: Path):
    (tmp_path / "out").mkdir()
    with pytest.raises(FlashSimError, match="exists already"):
        export(toy_release, tmp_path / "out", format="c")


def test_a_missing_package_is_named_and_nothing_is_left(toy_release: Path, tmp_path: Path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(FlashSimError, match=r"pip install 'flashsim\[onnx\]'"):
        export(toy_release, tmp_path / "out", format="onnx")
    assert list(tmp_path.iterdir()) == []


def changed(detector: Detector, **tables: dict[str, str]) -> Detector:
    """The same detector with other formulas in its card."""
    content = detector.card.dump()
    for table, entries in tables.items():
        content[table] = content.get(table, {}) | entries
    return Detector(card_from_dict(content, "test"), detector.stages)


def test_what_needs_an_event_or_a_table_is_an_input(toy_detector: Detector):
    """`tx` stands in for any condition: here it comes to hang on the event and on the charge.

    The order is the interface of the exported function: it must not change from one process to the next.
    """
    detector = changed(toy_detector, derive={"n": "event_sum(1)", "q": "charge(pid)", "tx": "px / pz + 0 * n + 0 * q"})
    assert Chain(detector).inputs == ("pid", "px", "py", "pz", "n", "q")


def test_a_detector_that_is_no_function_of_one_object_says_so(toy_detector: Detector, tmp_path: Path):
    formula = {"unit": "GeV", "from": "p * (1 + dp) + 0 * event_sum(dp)"}
    detector = changed(toy_detector, reconstructed={"rec_p": formula})
    write_export(detector, "stablehlo", tmp_path / "out")
    described = json.loads((tmp_path / "out" / "description.json").read_text())
    assert "'rec_p' needs whole events or a table of particles" in described["detector"]["not_exported"]
    assert not (tmp_path / "out" / "detector.jax").exists()
