"""flashsim export as a user meets it."""

from pathlib import Path

from flashsim.exports import DESCRIPTION


def test_help_says_what_is_written(run):
    outcome = run("export", "--help")
    assert outcome.status == 0
    for word in ["RELEASE", "--format", "onnx", "stablehlo", "--output", "description.json"]:
        assert word in outcome.text


def test_export_writes_a_folder(run, toy_release: Path, tmp_path: Path):
    outcome = run("export", toy_release, "--format", "stablehlo", "-o", tmp_path / "out")
    assert outcome.status == 0, outcome.text
    assert (tmp_path / "out" / DESCRIPTION).is_file()
    assert (tmp_path / "out" / "detector.stablehlo").is_file()


def test_bad_input_is_refused(refused, run, toy_release: Path, tmp_path: Path):
    refused("export", tmp_path / "none", "--format", "c", "-o", tmp_path / "out", words=["no such release"])
    (tmp_path / "there").mkdir()
    refused("export", toy_release, "--format", "c", "-o", tmp_path / "there", words=["exists already"])
    assert run("export", toy_release, "--format", "fortran", "-o", tmp_path / "out").status == 2
