"""Objects of another collection that belong to those of the card: by an index in the file, or as the nearest."""

from typing import Annotated

from pydantic import Field, model_validator

from flashsim.card.base import CardModel

OF_THE_PAIR = ("count", "dr", "deta", "dphi")
"""What a related object has beside its columns: how many there are, and where it is as seen from its partner."""

Pair = Annotated[tuple[str, str], Field(strict=False)]


class Related(CardModel):
    """Objects of another collection, one for each object of the card: `of` in a column names this table.

    Either `index` or `nearest` says which. Of several the first in the file is taken with `index`; `count` says how
    many there are. In events of several collections the objects of the card are those whose columns have no `of`.
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
    rank: int = Field(default=1, ge=1, description="For `nearest`: 1 for the nearest, 2 for the second, …")
    once: bool = Field(
        default=False,
        description="For `nearest`: each of the others has one partner at most; the closest pairs are made first.",
    )
    where: str | None = Field(
        default=None,
        description="For `nearest`: condition on a pair, by names in the file, as `abs(Jet_pt / GenJet_pt - 1) < 0.5`.",
    )

    @model_validator(mode="after")
    def _one_rule(self) -> "Related":
        if (self.index is None) == (self.nearest is None):
            raise ValueError("write either 'index' or 'nearest': one rule says which objects belong together")
        if self.index is not None and (self.to or self.radius or self.where or self.once or self.rank != 1):
            raise ValueError("'to', 'radius', 'rank', 'once' and 'where' are only for 'nearest'")
        if self.nearest is not None and (self.to is None or self.radius is None):
            raise ValueError("'nearest' needs 'to' (η and φ of the card's own objects) and 'radius'")
        if self.once and self.rank != 1:
            raise ValueError("'once' is only for rank = 1")
        return self
