"""A card before it is written: what stands in it, and what is to be said about it."""

from dataclasses import dataclass, field, replace

from flashsim.card import Expression, Of, Split
from flashsim.drafts.kinds import Kind


@dataclass(frozen=True)
class Line:
    """A column of `[columns]` or `[reconstructed]`: its name in the file, its unit, and the way back (`from`).

    One `of` a table of `[related]` is a column of those objects, or what the rule itself gives. The way back `agrees`
    with so many of the objects, if that is not practically all.
    """

    source: str
    unit: str
    formula: str | None = None
    why: str = ""
    of: str | None = None
    precision: int | None = None
    agrees: float | None = None

    def with_formula(self, formula: str, why: str) -> "Line":
        """The same column, made in another way."""
        return replace(self, formula=formula, why=why)


@dataclass(frozen=True)
class Learnt:
    """A variable of a response stage: what is learnt, in which unit of FlashSim's own, and what it is like."""

    kind: Kind
    expression: str | None = None
    unit: str = ""
    columns: list[str] | None = None  # of a covariance


@dataclass(frozen=True)
class Guess:
    """What a column of the file was taken for, and why."""

    column: str
    taken_for: str
    why: str


@dataclass
class StageDraft:
    """A stage; `predict` is a column, or a table of variables; `objects` those of its training part, if it is known."""

    name: str
    why: str
    given: list[str]
    predict: str | dict[str, Learnt]
    where: str | None = None
    of: Of = "generated"
    objects: int | None = None


@dataclass
class LeftOver:
    """`[unmatched]`: the rule that leaves objects over, the name of their number, and what they are made of."""

    of: str
    number: str
    columns: list[str]
    formulas: dict[str, str] = field(default_factory=dict)


@dataclass
class Draft:
    """What a card will say; `guesses`, `left_out` (by column) and `undecided` (sentences) are for people.

    `objects` are those of the training part; `collection` is the name of the output, `link` its column of the place of
    the generated object.
    """

    name: str
    description: str
    file: str
    event: tuple[str, str]
    tree: str | None = None
    weight: str | None = None
    split: Split = field(default_factory=Split)
    objects: int = 0
    columns: dict[str, Line] = field(default_factory=dict)
    derive: dict[str, str] = field(default_factory=dict)
    categories: dict[str, tuple[str, list[int]]] = field(default_factory=dict)
    reconstructed: dict[str, Line] = field(default_factory=dict)
    stages: list[StageDraft] = field(default_factory=list)
    where: str | None = None
    related: dict[str, dict[str, object]] = field(default_factory=dict)
    unmatched: LeftOver | None = None
    collection: str = "reco"
    link: str | None = None
    guesses: list[Guess] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    undecided: list[str] = field(default_factory=list)

    def drop(self, stage: StageDraft, variable: str, why: str) -> None:
        """Take out a variable, and the column that follows from it."""
        assert not isinstance(stage.predict, str)
        del stage.predict[variable]
        for key, line in list(self.reconstructed.items()):
            if key == variable or (line.formula is not None and variable in Expression.parse(line.formula).names):
                del self.reconstructed[key]
                self.left_out[line.source] = why
                self.guesses = [guess for guess in self.guesses if guess.column != line.source]

    @property
    def summary(self) -> str:
        """What became of its columns, counted: how many are learnt, made of others, and left out."""
        written = [self.reconstructed[name] for name in self.outputs]
        made = sum(line.formula is not None for line in written)
        drawn = sum(len(stage.predict) for stage in self.stages if stage.name == "response")
        parts = {f"{len(written)} written": True, f"{drawn} variables drawn": True}
        parts[f"{made} by formulas"] = made > 0
        parts[f"{len(self.left_out)} left out"] = bool(self.left_out)
        return ", ".join(part for part, said in parts.items() if said)

    @property
    def outputs(self) -> list[str]:
        """The reconstructed columns that simulation makes, but for the number of partners."""
        drawn: set[str] = set()
        for stage in self.stages:
            if stage.of != "generated":
                continue
            if isinstance(stage.predict, str):
                drawn.add(stage.predict)
            else:
                drawn.update(name for key, one in stage.predict.items() for name in one.columns or [key])
        counts = {name for name, line in self.reconstructed.items() if line.of is not None and line.source == "count"}
        return [
            name for name, line in self.reconstructed.items() if (line.formula or name in drawn) and name not in counts
        ]


@dataclass(frozen=True)
class InverseLink:
    """`[event.links]`: the `rank`-th object whose index `inverse` is the place of this one."""

    inverse: str
    rank: int


@dataclass
class EventDraft:
    """A card of collections, in the order of simulation; `left_out` says why others are not there."""

    name: str
    description: str
    file: str
    event: tuple[str, str]
    tree: str | None
    layout: str
    collections: dict[str, Draft]
    keep: list[str]
    links: dict[str, InverseLink] = field(default_factory=dict)
    split: Split = field(default_factory=Split)
    left_out: dict[str, str] = field(default_factory=dict)
    undecided: list[str] = field(default_factory=list)
