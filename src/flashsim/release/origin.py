"""Where a release's card lies, so that its sample is found again without being named."""

import os
from importlib.resources import files
from pathlib import Path

PACKAGED = "flashsim:"


def card_origin(card: Path, release: Path) -> str:
    """The card's place: within this package (``flashsim:…``), or relative to the folder of the release.

    Never absolute: the same card and sample beside the release give the same release anywhere.
    """
    package = package_folder()
    if card.resolve().is_relative_to(package):
        return PACKAGED + card.resolve().relative_to(package).as_posix()
    return Path(os.path.relpath(card.resolve(), release.resolve().parent)).as_posix()


def find_card(origin: str, release: Path) -> Path:
    """The card that `card_origin` described; it may have been moved since."""
    if origin.startswith(PACKAGED):
        return package_folder() / origin.removeprefix(PACKAGED)
    return release.resolve().parent / origin


def package_folder() -> Path:
    """The folder of the installed package."""
    return Path(str(files("flashsim"))).resolve()
