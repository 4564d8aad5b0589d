"""A release is exactly what was written, or it is refused with the name of the file that is not."""

import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from flashsim.errors import FlashSimError
from flashsim.release import Detector, load, save
from flashsim.simulation.responses import run_stage

KINDS = ("weights", "conditions", "outputs")
FILES = [
    "SHA256SUMS",
    "manifest.json",
    *(f"stages/{stage}.{kind}.safetensors" for stage in ("efficiency", "resolution") for kind in KINDS),
]


@pytest.fixture
def release(toy_release: Path, tmp_path: Path) -> Path:
    """A copy that may be damaged."""
    return Path(shutil.copytree(toy_release, tmp_path / "release"))


def test_these_are_all_files(toy_release: Path):
    found = {file.relative_to(toy_release).as_posix() for file in toy_release.rglob("*") if file.is_file()}
    assert found == set(FILES)


def test_saved_and_loaded_again_it_is_the_same(toy_detector: Detector, toy_release: Path, tmp_path: Path):
    saved = save(toy_detector, tmp_path / "again")
    assert saved.hash == toy_detector.hash
    for name in FILES:
        assert (tmp_path / "again" / name).read_bytes() == (toy_release / name).read_bytes()


@pytest.mark.parametrize("stage", [0, 1], ids=["category", "response"])
def test_it_gives_the_same_samples(toy_detector: Detector, tmp_path: Path, stage: int):
    save(toy_detector, tmp_path / "again")
    random = np.random.default_rng(0)
    keys = random.integers(0, 2**32, (500, 2), dtype=np.uint32)
    conditions = random.uniform(0, 1.5, (500, 4)).astype(np.float32)
    first = run_stage(toy_detector.stages[stage], keys, conditions)
    second = run_stage(load(tmp_path / "again").stages[stage], keys, conditions)
    assert [array.tobytes() for array in first] == [array.tobytes() for array in second]


def test_the_sums_are_those_that_sha256sum_checks(toy_release: Path):
    check = ["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"]
    subprocess.run(check, cwd=toy_release, check=True)


def truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


DAMAGE = {"truncated": truncate, "empty": lambda file: file.write_bytes(b""), "one bit": flip, "gone": Path.unlink}


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_is_named(release: Path, name: str, damage: str):
    DAMAGE[damage](release / name)
    with pytest.raises(FlashSimError) as caught:
        load(release)
    # A damaged list of checksums disagrees with a file that is whole: it is one of the two.
    assert name in str(caught.value)


@pytest.mark.parametrize("name", ["notes.txt", "stages/efficiency.weights.safetensors.bak", "other/file"])
def test_a_file_too_many_is_named(release: Path, name: str):
    (release / name).parent.mkdir(exist_ok=True)
    (release / name).write_text("added")
    with pytest.raises(FlashSimError, match=name):
        load(release)


@pytest.mark.parametrize("line", ["x  manifest.json", "0" * 64 + "  ../outside", "0" * 64 + "  /etc/hostname", "\xff"])
def test_a_strange_list_of_checksums_is_refused(release: Path, line: str):
    with (release / "SHA256SUMS").open("a") as sums:
        sums.write(line + "\n")
    with pytest.raises(FlashSimError, match=r"SHA256SUMS: line 8 is damaged"):
        load(release)


@pytest.mark.parametrize("there", ["missing", "a file", "an empty folder"])
def test_what_is_no_release_is_refused(tmp_path: Path, there: str):
    if there == "a file":
        (tmp_path / "release").write_text("")
    elif there == "an empty folder":
        (tmp_path / "release").mkdir()
    with pytest.raises(FlashSimError, match=r"release: (no such|not a) release"):
        load(tmp_path / "release")


def with_manifest(release: Path, content: bytes) -> None:
    """Replace the manifest, with a checksum that holds."""
    old = (release / "manifest.json").read_bytes()
    (release / "manifest.json").write_bytes(content)
    sums = (release / "SHA256SUMS").read_text()
    new = sums.replace(hashlib.sha256(old).hexdigest(), hashlib.sha256(content).hexdigest())
    (release / "SHA256SUMS").write_text(new)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"schema": 2}, r"manifest.json: schema 2 is not known to this version, which reads schema 1; update"),
        ({"schema": None}, r"manifest.json: schema None is not known"),
        ({"card": {"schema": 7}}, r"manifest.json: schema = 7.*newer"),
    ],
)
def test_a_manifest_of_another_version_is_refused(release: Path, change: dict, said: str):
    manifest = json.loads((release / "manifest.json").read_bytes())
    with_manifest(release, json.dumps(manifest | change).encode())
    with pytest.raises(FlashSimError, match=said):
        load(release)


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff\xfe"])
def test_a_manifest_that_is_none_is_refused(release: Path, content: bytes):
    with_manifest(release, content)
    with pytest.raises(FlashSimError, match=r"manifest.json: is not"):
        load(release)


@pytest.mark.parametrize("there", ["file", "folder"])
def test_save_overwrites_nothing(toy_detector: Detector, tmp_path: Path, there: str):
    path = tmp_path / "release"
    if there == "file":
        path.write_text("mine")
    else:
        path.mkdir()
    with pytest.raises(FlashSimError, match="exists already"):
        save(toy_detector, path)
    assert list(tmp_path.iterdir()) == [path]
    assert path.is_dir() or path.read_text() == "mine"


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError, OSError(28, "No space left on device")])
def test_nothing_is_half_written(toy_detector: Detector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error):
    write, written = Path.write_bytes, []

    def fails_at_the_fourth(path: Path, content: bytes) -> int:
        written.append(path)
        if len(written) == 4:
            raise error
        return write(path, content)

    monkeypatch.setattr(Path, "write_bytes", fails_at_the_fourth)
    expected = FlashSimError if isinstance(error, OSError) else error
    with pytest.raises(expected):
        save(toy_detector, tmp_path / "release")
    assert list(tmp_path.iterdir()) == []
