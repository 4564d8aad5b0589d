"""The tables that carry particles to a plane or to the beam, and the columns that they give."""

from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from flashsim.card.base import CardModel

PARTS = MappingProxyType(
    dict.fromkeys(("x", "y", "z"), "mm")
    | dict.fromkeys(("px", "py", "pz"), "GeV")
    | {"tx": "", "ty": "", "path": "mm", "reached": ""}
)
"""The columns `<name>_<part>` that a table gives, each with its unit."""

Vector = Annotated[tuple[str, str, str], Field(strict=False)]


def _plane_or_beam(value: Any) -> str:
    return "beam" if isinstance(value, str) else "plane"


class Propagate(CardModel):
    """Where particles are on a plane across the beam, or where they are closest to it.

    Columns of the table `[propagate.<name>]`: `<name>_x`, `_y`, `_z` in mm, `_px`, `_py`, `_pz` in GeV, the slopes
    `_tx` and `_ty`, the length `_path` in mm, and the flag `_reached`. What has not reached the plane stays as it was
    born, with path 0: what flies away from it, turns back or is bent by more than 87° from the beam before it.
    """

    position: Vector = Field(description="Formulas of x, y and z where it is born, or was measured, mm.")
    momentum: Vector = Field(description="Formulas of px, py and pz there, GeV.")
    charge: str | None = Field(default=None, description="Formula of its charge in e; only with a `field`.")
    field: str | None = Field(default=None, description="Table of `[field]`; default: straight lines.")
    to: Annotated[
        Annotated[float, Tag("plane")] | Annotated[Literal["beam"], Tag("beam")], Discriminator(_plane_or_beam)
    ] = Field(
        description='z of the plane, mm; or `"beam"`: the point closest to the z axis, on a straight line or in a '
        "field along z."
    )
    backward: bool = Field(
        default=False,
        description="Whether those born beyond the plane are traced back to it (path < 0); else they have not reached "
        "it.",
    )

    @model_validator(mode="after")
    def _consistent(self) -> "Propagate":
        if (self.field is None) != (self.charge is None):
            raise ValueError("'charge' and 'field' belong together: a field bends what is charged")
        if self.to == "beam" and self.backward:
            raise ValueError("'backward' is for planes; the point closest to the beam is looked for on both sides")
        return self

    @property
    def formulas(self) -> dict[str, str]:
        """The formulas that it is made of, by their key."""
        texts = {f"position[{index}]": text for index, text in enumerate(self.position)}
        texts |= {f"momentum[{index}]": text for index, text in enumerate(self.momentum)}
        return texts | ({} if self.charge is None else {"charge": self.charge})


def part_name(name: str, part: str) -> str:
    """What formulas call a part of what a table gives."""
    return f"{name}_{part}"
