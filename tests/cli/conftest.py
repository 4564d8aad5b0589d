"""The command line as a user meets it: what it prints, and the status that it leaves with."""

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from flashsim.card import Card
from flashsim.cli import main
from flashsim.validation import StageView
from flashsim.validation.samples.pair import Pair, side_by_side
from flashsim.validation.views.blocks import joined


@dataclass(frozen=True)
class Outcome:
    """What a command came to; `text` is all that it printed, in one line."""

    status: int
    text: str


Run = Callable[..., Outcome]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in this process: an exception that is not an exit fails the test, as a traceback would."""

    def command(*arguments: object) -> Outcome:
        monkeypatch.setenv("COLUMNS", "200")
        monkeypatch.setattr(sys, "argv", ["flashsim", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main()
        printed = capsys.readouterr()
        return Outcome(int(left.value.code or 0), " ".join((printed.out + printed.err).split()))

    return command


@pytest.fixture
def toy(toy_folder: Path, tmp_path: Path) -> Path:
    """A copy of the toy's card and sample that may be spoilt."""
    for name in ("toy.toml", "train.parquet", "validation.parquet", "test.parquet"):
        shutil.copy(toy_folder / name, tmp_path / name)
    return tmp_path


Laid = Callable[[Card, list[Path], list[Path]], tuple[Pair, list[StageView]]]


@pytest.fixture
def laid() -> Laid:
    """Lay two samples side by side, all blocks together."""

    def both(card: Card, reference: list[Path], candidate: list[Path]) -> tuple[Pair, list[StageView]]:
        pair = side_by_side(card, reference, candidate)
        return pair, [joined(list(views)) for views in zip(*pair.blocks(), strict=True)]

    return both


def listing(folder: Path) -> dict[str, bytes]:
    """Everything in a folder, to be compared: nothing added, nothing lost, nothing changed."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else b"" for path in folder.rglob("*")
    }


@pytest.fixture
def refused(run: Run, tmp_path: Path) -> Callable[..., None]:
    """Run a command that must be refused: status 2, these words, and `tmp_path` as it was before."""

    def command(*arguments: object, words: list[str]) -> None:
        before = listing(tmp_path)
        outcome = run(*arguments)
        assert outcome.status == 2, outcome.text
        for word in ["error:", *words]:
            assert word in outcome.text
        assert "Traceback" not in outcome.text
        assert listing(tmp_path) == before

    return command
