"""A release that is asked for: whether it may run, and the card and sample that it was trained from."""

from pathlib import Path
from typing import get_args

from flashsim.card import Card, EventCard, LibraryModel, read_any_card
from flashsim.errors import FlashSimError
from flashsim.events import expand
from flashsim.release import Detector, find_card, load, sha256
from flashsim.training import Part, sample_files


def trusted(release: Detector | str | Path, *, run_libraries: bool) -> Detector:
    """A detector that may be run: nothing in a release is executed unasked."""
    detector = release if isinstance(release, Detector) else load(release)
    names = [stage.name for stage in detector.card.stages if isinstance(stage.model, LibraryModel)]
    if names and not run_libraries:
        raise FlashSimError(
            f"stage {', '.join(names)}: the release brings a compiled library along, and a program may do anything; "
            "if you trust where it comes from, say so (--run-libraries, in Python run_libraries=True)"
        )
    return detector


def own_card(detector: Detector, release: Detector | str | Path) -> Card:
    """The card that a release was trained from, at its place on this machine, with the same test files."""
    if isinstance(release, Detector):
        if detector.card.path is None:
            raise FlashSimError("this detector's card was read from no file; name the files to compare with (sample)")
        return detector.card
    path = find_card(detector.provenance["card"], Path(release))
    if not path.is_file():
        raise FlashSimError(
            f"{release}: its card is no longer at {path}; name the full simulation to compare with (--sample FILES)"
        )
    card = _of_name(detector.card.name, read_any_card(path))
    if not card.has_sample:
        raise FlashSimError(f"{path}: this card has no sample; name full simulation to compare with (--sample FILES)")
    if described_sample(card)["test"] != detector.provenance["sample"]["test"]:
        raise FlashSimError(
            f"{path}: its test files are not those that the release was made with; name the full simulation "
            "to compare with (--sample FILES)"
        )
    return card


def _of_name(name: str, card: Card | EventCard) -> Card:
    """The card itself, or the one of this name among a card's collections."""
    if isinstance(card, Card):
        return card
    for one in card.collections.values():
        if one.name == name:
            return one
    raise FlashSimError(
        f"{card.path}: no collection makes a card {name!r} any more; name full simulation (--sample FILES)"
    )


def described_sample(card: Card) -> dict[str, list[dict[str, str]]]:
    """The files of the sample that a release belongs to, by name and checksum; none for a card without a sample."""
    if not card.has_sample:
        return {part: [] for part in get_args(Part)}
    return {
        part: [{"file": file.name, "sha256": sha256(file)} for file in expand(sample_files(card, part))]
        for part in get_args(Part)
    }
