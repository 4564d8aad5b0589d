"""A trained detector in memory."""

from dataclasses import dataclass, field, replace
from typing import Any

from flashsim.card import Card
from flashsim.errors import FlashSimError
from flashsim.training import TrainedStage


@dataclass(frozen=True)
class Detector:
    """The ordered stages of a card, trained.

    `provenance` says what it was trained on and with which versions; `hash` is the release's name, a
    sha256 of its content, and empty for a detector that was not saved yet. `member` is the one member of its
    ensembles that is left in it; None where it has all of them, or no ensembles.
    """

    card: Card
    stages: tuple[TrainedStage, ...]
    provenance: dict[str, Any] = field(default_factory=dict)
    hash: str = ""
    member: int | None = None

    @property
    def members(self) -> int:
        """How many members its ensembles have; 1 where it has none."""
        return max(len(stage.members) for stage in self.stages)

    @property
    def has_members(self) -> bool:
        """Whether it has ensembles, or had before one member was chosen."""
        return self.member is not None or self.members > 1

    def with_member(self, member: int) -> "Detector":
        """The detector with one member of its ensembles alone, by its number from 0."""
        if not 0 <= member < self.members:
            raise FlashSimError(f"member {member}: this detector has {self.members}; they are numbered from 0")
        stages = tuple(stage.with_member(member) for stage in self.stages)
        card = self.card.model_copy(update={"stages": [trained.stage for trained in stages]})
        return replace(self, card=card, stages=stages, member=member)
