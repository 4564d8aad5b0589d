"""Objects of another collection that belong to those of the card: by an index in the file, or as the nearest."""

from typing import Annotated

from pydantic import Field, model_validator

from flashsim.card.base import CardModel
from flashsim.card.expressions import Expression
from flashsim.card.nodes import Name

OF_THE_PAIR = ("count", "index", "dr", "deta", "dphi", "sum")
"""What a related object has beside its columns: how many there are, its place in its event's list, and where it is as
seen from its partner; and what is summed over all of them."""
OF_THE_NEAREST = ("dr", "deta", "dphi")

Pair = Annotated[tuple[str, str], Field(strict=False)]


class Related(CardModel):
    """Objects of another collection, one for each object of the card: `of` in a column names this table.

    Either `index` or `nearest` says which. Of several one is taken, by its `rank`; `count` says how many there are. In
    events of several collections the objects of the card are those whose columns have no `of`.
    With `sum` it is none of them but a sum over all in the event, the same for each object.
    """

    index: str | None = Field(
        default=None,
        min_length=1,
        description="Column of the others with the place of their partner among the card's objects, as "
        "`Jet_genJetIdx`; negative without one.",
    )
    nearest: Pair | None = Field(
        default=None, description="Columns of η and φ of the others: the nearest in ΔR is taken."
    )
    to: Pair | None = Field(default=None, description="For `nearest`: columns of η and φ of the card's own objects.")
    radius: float | None = Field(default=None, gt=0, description="For `nearest`: largest ΔR.")
    without: list[str] = Field(
        default_factory=list,
        description="For `nearest`: other tables of `[related]`, with an `index` or `once`. What belongs to an object "
        "by them, be it of another list than the card's, is not looked at.",
    )
    rank: int = Field(
        default=1,
        ge=1,
        description="1 for the first in the file (`index`) or the nearest (`nearest`), 2 for the second, …",
    )
    once: bool = Field(
        default=False,
        description="For `nearest`: each of the others has one partner at most; the closest pairs are made first.",
    )
    total: str | None = Field(
        alias="sum",
        default=None,
        min_length=1,
        description="What is summed over all of the others in the event, by names in the file, as "
        '`Jet_pt * cos(Jet_phi)`; `source = "sum"` is the column. With `1` they are counted.',
    )
    where: str | None = Field(
        default=None,
        description="For `nearest`: condition on a pair, by names in the file, as `abs(Jet_pt / GenJet_pt - 1) < 0.5`; "
        "for `sum`: which of the others.",
    )

    @model_validator(mode="after")
    def _one_rule(self) -> "Related":
        rules = [self.index, self.nearest, self.total]
        if sum(rule is not None for rule in rules) != 1:
            raise ValueError("write either 'index', 'nearest' or 'sum': one rule says what belongs to an object")
        if self.nearest is None and (self.to or self.radius or self.once or self.without):
            raise ValueError("'to', 'radius', 'once' and 'without' are only for 'nearest'")
        if self.total is not None and self.rank != 1:
            raise ValueError("'rank' is only for 'index' and 'nearest'")
        if self.index is not None and self.where:
            raise ValueError("'where' is only for 'nearest' and 'sum'")
        if self.nearest is not None and (self.to is None or self.radius is None):
            raise ValueError("'nearest' needs 'to' (η and φ of the card's own objects) and 'radius'")
        if self.once and self.rank != 1:
            raise ValueError("'once' is only for rank = 1")
        return self


def summed(total: str, where: str | None) -> tuple[str, tuple[str, ...]]:
    """What the columns of the others begin with in a rule with `sum`, and those of them that it reads.

    The first name says: ``Jet_`` for ``Jet_pt``. What begins in another way is a number of the event.
    """
    parts = [part for text in (total, where) if text is not None for part in Expression.parse(text).tree.parts()]
    names = list(dict.fromkeys(part.name for part in parts if isinstance(part, Name)))
    if not names:
        return "", ()
    beginning = names[0].partition("_")[0] + "_"
    return beginning, tuple(name for name in names if name.startswith(beginning))
