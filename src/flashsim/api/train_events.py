"""Train a card of collections: from a sample to a release of releases."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from flashsim.api.releases import described_sample
from flashsim.api.train import train
from flashsim.card import Card, EventCard, read_event_card
from flashsim.errors import FlashSimError
from flashsim.events import Branch, expand, has_tree, tree_branches
from flashsim.files import refuse_existing, remove
from flashsim.release import EventDetector, load, save_event
from flashsim.training import Progress, check_closure, sample_batches, sample_files


def train_events(
    card: EventCard | str | Path,
    output: str | Path,
    *,
    report: Callable[[str, Progress], None] | None = None,
) -> EventDetector:
    """Train every collection of a card, each on its own objects of the sample, and write the release to `output`.

    `report` is told the collection and how its training goes on. A run that was stopped goes on where it was when it is
    called again: what is trained is kept beside the output, in ``<output>.collections``, until the release is written.
    Raises FlashSimError for a card or a sample that cannot be used, and when `output` exists.
    """
    card = card if isinstance(card, EventCard) else read_event_card(card)
    output = Path(output)
    refuse_existing(output)
    kept = output.with_name(output.name + ".collections")
    missing = {name: one for name, one in card.collections.items() if not _is_trained(one, kept / name)}
    for name, one in missing.items():
        with _named(name):
            _check_sample(one)
    for name, one in missing.items():
        with _named(name):
            train(one, kept / name, report=None if report is None else partial(report, name))
    detector = save_event(card, kept, output, _branches(card))
    remove(kept)
    return detector


def _branches(card: EventCard) -> dict[str, Branch]:
    """The branches of the sample's first file; none where it is no TTree."""
    first = expand(sample_files(next(iter(card.collections.values())), "train"))[0]
    return tree_branches(first, card.sample.tree) if has_tree(first, card.sample.tree) else {}


@contextmanager
def _named(collection: str) -> Iterator[None]:
    """Errors say which collection they are of."""
    try:
        yield
    except FlashSimError as error:
        raise FlashSimError(f"[collection.{collection}] {error}") from None


def _check_sample(card: Card) -> None:
    """Refuse a sample that a collection cannot be trained on, by its first events, before any collection is trained."""
    check_closure(card, next(sample_batches(card, "train")))


def _is_trained(card: Card, release: Path) -> bool:
    """Whether a run that was stopped has trained this card on this sample; what it trained otherwise is removed."""
    if not release.exists():
        return False
    trained = load(release)
    if trained.card.dump() == card.dump() and trained.provenance["sample"] == described_sample(card):
        return True
    remove(release)
    return False
