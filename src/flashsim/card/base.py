"""What all parts of a card share: nothing unknown, nothing converted silently, nothing changed."""

from pydantic import BaseModel, ConfigDict


class CardModel(BaseModel):
    """A table of the card: unknown keys and wrong types are errors, and values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    def __hash__(self) -> int:
        """By content, whatever lists it has: what is compiled for a table is found again."""
        return hash((type(self), self.model_dump_json()))
