"""A card of whole events: several collections, each with a card of its own, simulated in the order of the file."""

from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, PrivateAttr, StringConstraints

from flashsim.card.base import CardModel
from flashsim.card.read import COLLECTION, card_from_dict
from flashsim.card.sample import Pattern, Sample
from flashsim.card.schema import Card
from flashsim.errors import FlashSimError

GENERATOR_LEVEL = (
    "run",
    "luminosityBlock",
    "event",
    "bunchCrossing",
    "gen*",
    "Gen*",
    "LHE*",
    "PSWeight*",
    "Pileup_*",
    "HTXS_*",
    "SubGen*",
)
"""What NanoAOD's generator level is named."""

OF_ALL = ("schema", "name", "description", "sample", "extends")
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]


class Link(CardModel):
    """`[event.links]`: a column that points from a collection to another one, drawn later, which points to it."""

    inverse: str = Field(
        min_length=1,
        description="The column that points here, as `Muon_jetIdx`; the link is the place of what does, −1 without.",
    )
    rank: int = Field(default=1, ge=1, description="1 for the first that points here, 2 for the second, …")


class WholeEvent(CardModel):
    """`[event]` of a card of collections: what written events hold beside what is simulated."""

    keep: list[Pattern] = Field(
        default_factory=lambda: list(GENERATOR_LEVEL),
        description="Columns of the input that are written as they are, with `*`. What is reconstructed and simulated "
        "by no collection should not be among them: it would be another detector's answer to the same event.",
    )
    links: dict[Name, Link] = Field(
        default_factory=dict, description="Columns that point back, by name, as `Jet_muonIdx1`."
    )


class EventCard(CardModel):
    """A card with tables `[collection.<name>]`: each is a card without `schema`, `name`, `description` and `sample`.

    `output.name` is by default the collection's name. Collections are simulated in the order of the file, and each
    reads generated objects of its own list and what those before it have drawn, by the names that both have in the
    file.
    """

    schema_version: Literal[1] = Field(alias="schema", description="Version of this schema: 1.")
    name: Name = Field(description="Name of the detector.")
    description: str = Field(default="", description="A sentence or more for people.")
    sample: Sample = Field(description="The reference sample, which all collections share.")
    tables: dict[Name, dict[str, Any]] = Field(
        alias=COLLECTION, min_length=1, description="The collections, in the order of simulation."
    )
    event: WholeEvent = Field(default_factory=WholeEvent, description="What else the written events hold.")
    _path: Path | None = PrivateAttr(None)

    @classmethod
    def read_from(cls, data: dict[str, Any], path: Path | None) -> "EventCard":
        """The card of these tables, knowing the file that they stand in: where file names of the sample start."""
        card = cls.model_validate(data)
        card._path = path
        return card

    @cached_property
    def collections(self) -> dict[str, Card]:
        """The card of each collection, whole, named `<name>_<collection>`; FlashSimError names what is wrong in one."""
        return {name: self._card(name, table) for name, table in self.tables.items()}

    @property
    def path(self) -> Path | None:
        """The file that it was read from; it is not part of the card itself."""
        return self._path

    def _card(self, name: str, table: dict[str, Any]) -> Card:
        own = sorted(table.keys() & OF_ALL)
        if own:
            raise FlashSimError(f"{COLLECTION}.{name}.{own[0]}: stands once in the card, for all collections")
        output = table.get("output")
        if isinstance(output, dict):
            table = table | {"output": {"name": name} | output}
        shared = {"schema": self.schema_version, "name": f"{self.name}_{name}"}
        shared["sample"] = self.sample.model_dump(mode="json", exclude_none=True)
        card = card_from_dict(shared | table, f"[{COLLECTION}.{name}]")
        return card if self._path is None else card.read_from(self._path)


def written_as(card: Card, column: str) -> str:
    """The name in a file of whole events of a column that a collection writes.

    ``Jet_pt`` for ``pt`` of ``Jet``; a column that comes from ``Muon_charge`` in the sample is written under that
    name, whatever the card calls it.
    """
    name = card.output.name
    source = card.reconstructed[column].source if column in card.reconstructed else None
    is_theirs = source is not None and (
        source.startswith(branch_of(name, "")) or (name.endswith(".") and "." in source)
    )
    return source if source is not None and is_theirs else branch_of(name, column)


def branch_of(collection: str, column: str) -> str:
    """The name in a file of a column of a collection: ``Jet_pt``; ``AnalysisJetsAuxDyn.pt`` where the collection's name
    ends in a dot, as those of xAOD do. A column with a dot is a whole name; that of no column is how names begin.
    """
    if "." in column:
        return column
    return f"{collection}{column}" if collection.endswith(".") else f"{collection}_{column}"
