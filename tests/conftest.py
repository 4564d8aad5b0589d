"""What many tests share: a small detector whose response is known, trained once a session."""

from pathlib import Path

import pytest
import toy
from hypothesis import settings

from flashsim.api import train
from flashsim.card import Card, read_card
from flashsim.release import Detector

settings.register_profile("untimed", deadline=None)  # a busy machine is no failure
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def toy_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The toy's card and sample on disk."""
    folder = tmp_path_factory.mktemp("toy")
    toy.write_toy(folder)
    return folder


@pytest.fixture(scope="session")
def toy_card(toy_folder: Path) -> Card:
    return read_card(toy_folder / "toy.toml")


@pytest.fixture(scope="session")
def toy_release(toy_folder: Path, toy_card: Card) -> Path:
    """A trained release of the toy."""
    train(toy_card, toy_folder / "release")
    return toy_folder / "release"


@pytest.fixture(scope="session")
def toy_detector(toy_release: Path) -> Detector:
    from flashsim.release import load

    return load(toy_release)
