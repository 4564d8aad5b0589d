"""Reconstructed objects that no generated one leads to: ghost tracks, fake leptons, jets of pile-up."""

from typing import Literal

from pydantic import Field, model_validator

from flashsim.card.base import CardModel

Of = Literal["generated", "unmatched", "events"]
"""What a stage is asked for: generated objects, unmatched ones, or events."""

SLOT = "slot"
"""Column of the place of an object among the unmatched ones of its event, from 0; -1 of a generated object."""

UNMATCHED = "unmatched"
"""Name of the condition that an object is an unmatched one."""


class Unmatched(CardModel):
    """Reconstructed objects that no generated one leads to.

    A stage `of = "events"` draws their number, stages `of = "unmatched"` draw what they are. They have no truth: their
    formulas may use what those stages draw, `slot` (their place among themselves, from 0), the number, the `columns`
    named here, and of the generated objects sums over the event (`event_sum`). All of them are written, with the link
    -1; `output.where` is a question to generated objects.
    """

    where: str | None = Field(
        default=None,
        min_length=1,
        description="Which rows of the sample they are; what these hold in the place of truth is not read.",
    )
    of: str | None = Field(
        default=None,
        description="Instead of `where`: a table of `[related]` with `index` or `once`; they are its objects that "
        "belong to no object of the card.",
    )
    number: str = Field(
        pattern=r"^[A-Za-z][A-Za-z0-9_]*$",
        description='Name of their number in an event, which the stage `of = "events"` predicts. Formulas of every '
        "object may use it after that stage.",
    )
    columns: list[str] = Field(
        default_factory=list,
        description="Truth columns that are equal for all objects of an event, as the pile-up: unmatched objects have "
        "them too (their default where the event has no generated object).",
    )
    formulas: dict[str, str] = Field(
        alias="from",
        default_factory=dict,
        description="How reconstructed columns of unmatched objects are made, where no stage draws them and "
        "`reconstructed.<name>.from` is not meant for them.",
    )

    @model_validator(mode="after")
    def _one_rule(self) -> "Unmatched":
        if (self.where is None) == (self.of is None):
            raise ValueError("write either 'where' or 'of': one rule says which objects of the sample are unmatched")
        return self

    @property
    def condition(self) -> str:
        """The formula of `unmatched`: the first slot of an event is there whether an object fills it or not."""
        return f"({SLOT} >= 0) & ({SLOT} < {self.number})"
