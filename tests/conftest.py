"""What many tests share: a small detector whose response is known, trained once a session."""

import gc
import os
from pathlib import Path

import jax
import pytest
import toy
from hypothesis import settings

from flashsim.api import train
from flashsim.card import Card, read_card
from flashsim.release import Detector


def pytest_configure(config: pytest.Config) -> None:
    """What JAX has compiled is kept for the other worker, for processes that tests start, and for the next run."""
    if hasattr(config, "workerinput") or getattr(config, "cache", None) is None:
        return
    assert config.cache is not None
    kept = {
        "JAX_COMPILATION_CACHE_DIR": str(config.cache.mkdir("jax")),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "0",
    }
    for name, value in kept.items():
        os.environ.setdefault(name, value)
        jax.config.update(name.lower(), int(value) if value.isdigit() else value)


# What JAX keeps of traced programs is millions of objects, which every collection would visit.
gc.set_threshold(200_000, 20, 100)

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
