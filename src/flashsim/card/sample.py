"""The tables of a card that say where the reference sample is and what its columns mean."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from flashsim.card.base import CardModel


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _as_unit(value: Any) -> Any:
    return {"unit": value} if isinstance(value, str) else value


Pattern = Annotated[str, Field(min_length=1)]
Patterns = Annotated[list[Pattern], BeforeValidator(_as_list), Field(min_length=1)]


class SampleFiles(CardModel):
    """Files already split: nothing of one part may be in another."""

    train: Patterns = Field(description="Files that the stages are fitted on.")
    validation: Patterns = Field(description="Files for early stopping and calibration.")
    test: Patterns = Field(description="Files that only the validation report sees.")


class Split(CardModel):
    """Shares of the events when the files are not split: by a hash of run and event number."""

    train: float = Field(default=0.7, gt=0, lt=1, description="Share of the events that the stages are fitted on.")
    validation: float = Field(default=0.1, gt=0, lt=1, description="Share for early stopping and calibration.")
    test: float = Field(default=0.2, gt=0, lt=1, description="Share that only the validation report sees.")

    @model_validator(mode="after")
    def _whole(self) -> "Split":
        total = self.train + self.validation + self.test
        if abs(total - 1) > 1e-6:
            raise ValueError(f"train + validation + test is {total:g}, it must be 1")
        return self


class Sample(CardModel):
    """The reference sample: objects with their truth and what full simulation made of them."""

    files: Annotated[Patterns, Tag("list")] | Annotated[SampleFiles, Tag("parts")] = Field(
        discriminator=Discriminator(lambda value: "list" if isinstance(value, str | list) else "parts"),
        description="Files or patterns with `*`, relative to the card's folder: one list, which `split` "
        "divides, or a table `train`, `validation`, `test` of lists.",
    )
    split: Split = Field(default_factory=Split, description="Shares of the events; only for a list of files.")
    tree: str | None = Field(default=None, description="TTree or RNTuple in a ROOT file; default: the only one.")
    collisions: Literal["apart", "together"] = Field(
        default="apart",
        description="What an event is in HepMC files: each collision, or all collisions of a file (a bunch crossing).",
    )
    where: str | None = Field(
        default=None,
        description="Condition on the objects to learn from; may use every column of the sample.",
    )
    event: Annotated[tuple[str, str], Field(strict=False)] = Field(
        default=("run", "event"), description="The file's columns for the run and the event number."
    )
    weight: str | None = Field(
        default=None,
        description="Weight of an object in training and validation, an expression; may be negative.",
    )


class ComparedSample(Sample):
    """How samples that are only compared are read: they are named on the command line."""

    # Narrower than in a Sample, which is sound: a card never changes.
    files: Patterns = Field(  # pyright: ignore[reportIncompatibleVariableOverride]
        default_factory=list, max_length=0, exclude=True, description="None."
    )


class Column(CardModel):
    """A column of generator truth: it is in the reference sample and in every file to be simulated.

    `px = "GeV"` is short for `px = { unit = "GeV" }`.
    """

    unit: str = Field(description="Unit in the file, as `GeV`, `mm^2`, `1/GeV`; empty for none.")
    source: str | None = Field(default=None, min_length=1, description="Name in the file; default: the key.")
    default: int | float | None = Field(
        default=None,
        description="Value where the file lacks the column (a whole number makes whole numbers); without it that is an "
        "error. For a column with `of`: also where there is no such object (default: 0, and the radius for `dr`).",
    )
    of: str | None = Field(
        default=None, description="Table of `[related]` whose object has the column, which `source` names."
    )

    _short = model_validator(mode="before")(_as_unit)


class Category(CardModel):
    """A whole-numbered quantity whose values are unordered kinds, as particle species.

    Its bare name in a stage's `given` stands for one flag a value.
    """

    expression: str = Field(description="What is compared with the values.")
    values: list[int] = Field(min_length=1, description="The kinds that are told apart.")

    @model_validator(mode="after")
    def _distinct(self) -> "Category":
        if len(set(self.values)) < len(self.values):
            raise ValueError("the same value stands twice in values")
        return self


class Reconstructed(CardModel):
    """A column that only full simulation gives: what is learnt, and what a flash sample holds in the end.

    It is predicted by a stage, or made from truth and predicted variables by the formula in `from`. One
    with neither is known for the reference sample only, as a weight or a ghost flag: `sample.where`,
    `sample.weight` and the expressions to be learnt may use it, but nothing that happens in simulation.
    """

    unit: str = Field(description="Unit in the file.")
    source: str | None = Field(default=None, min_length=1, description="Name in the file; default: the key.")
    formula: str | None = Field(
        default=None, alias="from", description="How simulation makes it from truth and predicted variables."
    )
    of: str | None = Field(
        default=None,
        description="Table of `[related]` whose object has the column, which `source` names; 0 without one.",
    )

    precision: int | None = Field(
        default=None,
        ge=1,
        le=22,
        description="Bits of the mantissa that the file keeps, as NanoAOD does: values are spread over the step to the "
        "next one before they are learnt, and rounded when they are written.",
    )
    agrees: float = Field(
        default=0.99,
        gt=0,
        le=1,
        description="Share of the objects for which `from` must give back what the sample has. Less than the default "
        "is for a formula that is known to be right for some only, as that a lepton is in the nearest jet.",
    )

    _short = model_validator(mode="before")(_as_unit)
