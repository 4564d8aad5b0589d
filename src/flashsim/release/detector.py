"""A trained detector in memory."""

from dataclasses import dataclass, field
from typing import Any

from flashsim.card import Card
from flashsim.training import TrainedStage


@dataclass(frozen=True)
class Detector:
    """The ordered stages of a card, trained.

    `provenance` says what it was trained on and with which versions; `hash` is the release's name, a
    sha256 of its content, and empty for a detector that was not saved yet.
    """

    card: Card
    stages: tuple[TrainedStage, ...]
    provenance: dict[str, Any] = field(default_factory=dict)
    hash: str = ""
