"""The tables of a card that say what is compared beside the stages: objects, combinations of objects, events."""

from typing import Any, Literal

from pydantic import Field, model_validator

from flashsim.card.base import CardModel

KINEMATIC = ("mass", "energy", "px", "py", "pz", "p", "pt", "eta")
"""What formulas of a combination with `momentum` may use beside `<daughter>_<name>`: its summed four-momentum."""

PULL = "pull_"
"""What the names of pulls as variables begin with."""


class Variable(CardModel):
    """One variable that is compared. `mass = "expression"` is short for `mass = { expression = "expression" }`."""

    expression: str | None = Field(default=None, description="What is compared; default: what has the same name.")
    type: Literal["continuous", "positive", "bounded", "angle", "integer", "flag"] = Field(
        default="continuous",
        description="What is known of the values: one that is impossible fails; whole numbers have a mean and a "
        "standard deviation, everything else a median and a 68 % interval.",
    )
    unit: str | None = Field(
        default=None, description="Unit on the axes, one of FlashSim's own (GeV, mm, ns); default: the column's."
    )
    low: float | None = Field(default=None, description="Lower end, for `bounded`.")
    high: float | None = Field(default=None, description="Upper end, for `bounded`.")

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return {"expression": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _ends(self) -> "Variable":
        for end in ("low", "high"):
            if (getattr(self, end) is not None) != (self.type == "bounded"):
                raise ValueError(f"'low' and 'high' belong to type = 'bounded', type is {self.type!r}")
        return self


class Pull(CardModel):
    """A residual and the variance that the reconstruction gives it: it is compared in units of its own error."""

    residual: str = Field(description="Reconstructed minus true.")
    variance: str = Field(description="Its variance, as the reconstruction has it.")

    @property
    def expression(self) -> str:
        """The pull."""
        return f"({self.residual}) / sqrt({self.variance})"


class Daughter(CardModel):
    """One of the objects that are combined. `kaon = "condition"` is short for `kaon = { where = "condition" }`."""

    where: str = Field(description="Condition on the object.")
    mass: float | None = Field(default=None, ge=0, description="Its mass in GeV, for the energy of the combination.")

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return {"where": value} if isinstance(value, str) else value


class Comparison(CardModel):
    """Variables of objects, of combinations of objects, or of whole events, compared like the outputs of a stage.

    With `daughters`, every combination of one object for each daughter in the same event is a row, no object being
    used twice; daughters with the same `where` are exchanged freely and give one combination, not two.
    """

    of: Literal["objects", "unmatched", "events"] = Field(
        default="objects",
        description="What has a value: each generated object, each unmatched one (see `[unmatched]`), or each event; "
        "the formulas of events are made of `event_sum(…)`.",
    )
    daughters: dict[str, Daughter] | None = Field(
        default=None,
        min_length=2,
        description="The objects that are combined. Formulas of the combination name their columns "
        "`<daughter>_<column>`.",
    )
    same: list[str] = Field(
        default_factory=list,
        description="Formulas of one object that are equal for all daughters, as a mother's index.",
    )
    momentum: tuple[str, str, str] | None = Field(
        default=None,
        strict=False,
        description="The momentum (x, y, z) of an object, in GeV. Formulas of the combination may then use "
        + ", ".join(f"`{name}`" for name in KINEMATIC)
        + " of the sum; `mass` and `energy` need the masses of all daughters.",
    )
    where: str | None = Field(default=None, description="Condition on the object, the combination or the event.")
    conditions: list[str] = Field(
        default_factory=list, description="What the variables are shown against, and what the two-sample test is given."
    )
    variables: dict[str, Variable] = Field(
        default_factory=dict, description="What is compared; a list of columns, or a table of expressions and tables."
    )
    pulls: dict[str, Pull] = Field(
        default_factory=dict,
        description="Residuals over their errors, compared as variables `pull_<name>`; mean 0 and width 1 where errors "
        "mean what they say.",
    )
    optional: bool = Field(
        default=False, description="Left out, with its gates, where the reference has none of its objects."
    )
    category: str | None = Field(
        default=None,
        description="Instead of `variables`: a whole number, whose shares (efficiencies) are compared in bins.",
    )

    @model_validator(mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        if isinstance(value, dict) and isinstance(value.get("variables"), list):
            return value | {"variables": {name: {} for name in value["variables"]}}
        return value

    @model_validator(mode="after")
    def _consistent(self) -> "Comparison":
        if bool(self.variables or self.pulls) == (self.category is not None):
            raise ValueError("it has either 'variables' (or 'pulls') or a 'category'")
        for name in self.pulls:
            if f"{PULL}{name}" in self.variables:
                raise ValueError(f"the pull of {name!r} and a variable have the same name: {PULL}{name}")
        if self.daughters is None and (self.same or self.momentum):
            raise ValueError("'same' and 'momentum' belong to a combination: name its 'daughters'")
        if self.daughters is not None and self.of == "events":
            raise ValueError("a combination has 'daughters', an event has none: leave out 'of' or 'daughters'")
        if self.daughters is not None and self.of == "unmatched":
            raise ValueError("daughters are generated objects: leave out 'of' or 'daughters'")
        return self

    def formulas(self) -> dict[str, str]:
        """Every formula of the rows themselves by its key: of an object, of the combination or of the event."""
        texts = {} if self.where is None else {"where": self.where}
        texts |= {f"conditions[{index}]": text for index, text in enumerate(self.conditions)}
        texts |= {f"variables.{name}": variable.expression or name for name, variable in self.variables.items()}
        for name, pull in self.pulls.items():
            texts |= {f"pulls.{name}.residual": pull.residual, f"pulls.{name}.variance": pull.variance}
        return texts if self.category is None else texts | {"category": self.category}

    def outputs(self) -> dict[str, str]:
        """The formula of everything that is compared, by its name."""
        if self.category is not None:
            return {self.category: self.category}
        variables = {name: variable.expression or name for name, variable in self.variables.items()}
        return variables | {f"{PULL}{name}": pull.expression for name, pull in self.pulls.items()}

    def formulas_of_daughters(self) -> dict[str, str]:
        """Every formula of single objects that are combined, by its key."""
        texts = {f"daughters.{name}.where": daughter.where for name, daughter in (self.daughters or {}).items()}
        texts |= {f"same[{index}]": text for index, text in enumerate(self.same)}
        return texts | {f"momentum[{index}]": text for index, text in enumerate(self.momentum or ())}


class Validation(CardModel):
    """How a validation is shown."""

    style: Literal["ATLAS", "CMS", "LHCb2"] = Field(
        default="ATLAS", description="Style of the figures: mplhep's of this name."
    )
