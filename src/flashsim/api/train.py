"""Train a card: from a sample to a release."""

import platform
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from flashsim.api.releases import described_sample
from flashsim.card import Card, read_card
from flashsim.errors import FlashSimError
from flashsim.files import refuse_existing, remove
from flashsim.propagation import checked_fields
from flashsim.release import Detector, card_origin, save
from flashsim.stages import generated
from flashsim.training import Progress, check_closure, read_sample, train_stages

PACKAGES = ("flashsim", "jax", "jaxlib", "equinox", "optax", "numpy")


def train(
    card: Card | str | Path,
    output: str | Path,
    *,
    report: Callable[[Progress], None] | None = None,
) -> Detector:
    """Train every stage of a card on its sample and write the release to the folder `output`.

    Models that are brought along (families ``shared-library`` and ``onnx``) are checked and copied into it; a card
    with no others needs no sample.

    A run that was stopped goes on where it was when it is called again: its state is kept beside the
    output, in ``<output>.training``, until the release is written.
    Raises FlashSimError for a card or a sample that cannot be used, and when `output` exists.
    """
    card = card if isinstance(card, Card) else read_card(card)
    if not card.stages:
        raise FlashSimError(
            f"{card.path or card.name}: a card without stages is for `flashsim compare` only; add [[stage]]"
        )
    output = Path(output)
    refuse_existing(output)
    card = checked_fields(card)
    training = validation = None
    if card.has_sample:
        training, validation = read_sample(card, "train"), read_sample(card, "validation")
        check_closure(card, training)
    checkpoints = output.with_name(output.name + ".training")
    with _tidied_after_an_error(checkpoints):
        stages = train_stages(card, training, validation, checkpoints=checkpoints, report=report)
    provenance = {
        "card": "" if card.path is None else card_origin(card.path, output),
        "versions": {name: version(name) for name in PACKAGES} | {"python": platform.python_version()},
        "machine": platform.machine(),
        "sample": described_sample(card),
        "training_objects": 0 if training is None else int(generated(training).sum()),
        "validation_objects": 0 if validation is None else int(generated(validation).sum()),
    }
    with _tidied_after_an_error(checkpoints):
        detector = save(Detector(card, stages, provenance), output)
    remove(checkpoints)
    return detector


@contextmanager
def _tidied_after_an_error(checkpoints: Path) -> Iterator[None]:
    """Keep the checkpoints when training is stopped, not when it cannot go on (no space, no finite loss)."""
    try:
        yield
    except FlashSimError:
        remove(checkpoints)
        raise
