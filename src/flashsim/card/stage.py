"""The tables of a card that say what is learnt: stages, their variables, models and training."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from flashsim.card.base import CardModel
from flashsim.card.external import ExternalModel
from flashsim.card.external_checks import check_external
from flashsim.card.model import DEFAULT_FAMILY, Kind, Model, kind_of, with_family
from flashsim.card.unmatched import Of

VariableType = Literal[
    "continuous", "positive", "bounded", "angle", "integer", "flag", "category", "atoms", "covariance"
]


WHOLE = ("integer", "flag", "category")
"""Types of variables whose values are whole numbers."""


class Predicted(CardModel):
    """One variable that a response stage learns, with what is known of its values.

    `dx = "rec_x - x"` is short for `dx = { expression = "rec_x - x" }`.
    """

    expression: str | None = Field(
        default=None,
        description="What is learnt, from columns of the reference sample; default: the reconstructed "
        "column of the same name.",
    )
    type: VariableType = Field(
        default="continuous",
        description="`continuous`; `positive`; `bounded` between `low` and `high`; `angle` in radians; "
        "`integer`; `flag` (0 or 1); `category` (whole numbers without an order); `atoms` (spikes at `values` beside "
        "a continuum); `covariance` (a positive-definite matrix of `columns`).",
    )
    unit: str = Field(default="", description="Unit of the variable when it is written or plotted.")
    low: float | None = Field(default=None, description="Lower end, for `bounded`.")
    high: float | None = Field(default=None, description="Upper end, for `bounded`.")
    values: list[float] | None = Field(
        default=None,
        min_length=1,
        description="Where the spikes are, for `atoms`; the classes, for `category` (default: those of the sample).",
    )
    columns: list[str] | None = Field(
        default=None,
        min_length=1,
        description="For `covariance`: the reconstructed columns of the lower triangle row by row, "
        "c00, c10, c11, c20, …",
    )

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return {"expression": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _options(self) -> "Predicted":
        owners = {"low": "bounded", "high": "bounded", "values": "atoms", "columns": "covariance"}
        for option, owner in owners.items():
            given = getattr(self, option) is not None
            if option == "values" and self.type == "category":
                continue  # may be left out
            if given != (self.type == owner):
                problem = f"only for type = {owner!r}" if given else f"missing: type {owner!r} needs it"
                raise ValueError(f"{option!r} is {problem}, type is {self.type!r}")
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError(f"low = {self.low:g} must be below high = {self.high:g}")
        if self.type == "category" and self.values is not None:
            self._check_classes(self.values)
        if self.columns is not None:
            self._check_triangle(self.columns)
        return self

    @staticmethod
    def _check_classes(classes: list[float]) -> None:
        if any(value != round(value) for value in classes) or not 2 <= len(set(classes)) == len(classes) <= 32:
            raise ValueError(f"values = {classes}: a category has 2 to 32 different whole numbers")

    def _check_triangle(self, columns: list[str]) -> None:
        size = int((2 * len(columns)) ** 0.5)
        if size * (size + 1) // 2 != len(columns):
            raise ValueError(f"{len(columns)} columns are no lower triangle: it has 1, 3, 6, 10, 15, … of them")
        if len(set(columns)) < len(columns):
            raise ValueError("the same column stands twice in columns")
        if self.expression is not None:
            raise ValueError("no 'expression' beside type 'covariance': its columns say what is learnt")


class Training(CardModel):
    """How a stage is trained."""

    epochs: int = Field(default=50, ge=1, description="Passes over the training sample, at most.")
    batch: int = Field(default=1024, ge=1, description="Objects in a gradient step.")
    learning_rate: float = Field(default=4e-3, gt=0, le=1, description="Largest learning rate of the schedule.")
    weight_decay: float = Field(default=1e-4, ge=0, le=1, description="Decay of the weights (AdamW).")
    warmup: float = Field(default=0.05, ge=0, lt=1, description="Share of the steps in which the rate rises.")
    patience: int = Field(default=20, ge=1, description="Epochs without a better held-out loss before it stops.")
    ema: float = Field(default=0.999, ge=0, lt=1, description="Decay of the moving average of the weights; 0: none.")
    seed: int = Field(default=0, ge=0, lt=2**32, description="Seed of initial weights and order of objects.")


class Stage(CardModel):
    """One conditional response: for which objects, given what, it predicts what."""

    name: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$", description="Name of the stage.")
    kind: Kind = Field(
        description="`category` draws one of the classes of a column; `response` draws values of variables."
    )
    of: Of = Field(
        default="generated",
        description="What it applies to: generated objects; `unmatched` ones, which follow no generated object; or "
        "`events`, once each, to draw the number of these (see `[unmatched]`).",
    )
    where: str | None = Field(
        default=None,
        description="Condition on the objects that it applies to, from truth and earlier stages.",
    )
    given: list[str] = Field(
        min_length=1,
        description="Conditions: expressions of truth and of what earlier stages predict. The bare name of a "
        "category, of a column that a category stage predicts, or of a variable of type `category` stands for one flag "
        "a value.",
    )
    predict: Annotated[str, Tag("column")] | Annotated[dict[str, Predicted], Tag("table")] = Field(
        discriminator=Discriminator(lambda value: "column" if isinstance(value, str) else "table"),
        description="`category`: the reconstructed column, or the category, whose classes are learnt. `response`: a "
        "table of variables, each an expression or a table.",
    )
    calibrate: bool = Field(
        default=True,
        description="`category`: fit a temperature and a bias a class after training, so that probabilities are true.",
    )
    model: Model = Field(description="The network, of a family.", json_schema_extra={"filled_in": "its defaults"})
    location_and_scale: bool = Field(
        default=True,
        description="`response`: learn what a location and a scale leave, which depend on the conditions. false where "
        "outputs have edges or peaks at fixed places, as those of a detector, and depend on the conditions less.",
    )
    members: int = Field(
        default=1,
        ge=1,
        le=1024,
        description="Models of an ensemble, trained side by side; all ensembles of a card have as many. Member m is "
        "trained with `training.seed` + m, and each event is simulated by one of them.",
    )
    training: Training = Field(default_factory=Training, description="The training.")

    @model_validator(mode="before")
    @classmethod
    def _family_of_kind(cls, value: Any) -> Any:
        return with_family(value)

    @model_validator(mode="after")
    def _consistent(self) -> "Stage":
        if isinstance(self.model, ExternalModel):
            check_external(self, self.model)
        elif self.kind != kind_of(self.model):
            raise ValueError(
                f"a {self.kind} stage cannot have model.family = {self.model.family!r}: "
                f"write {DEFAULT_FAMILY[self.kind]!r} or leave it out"
            )
        if self.kind == "category" and not isinstance(self.predict, str):
            raise ValueError('a category stage predicts one column: write predict = "its name"')
        if self.kind == "response" and (isinstance(self.predict, str) or not self.predict):
            raise ValueError('a response stage predicts a table of variables: write predict = { dx = "…" }')
        if self.of == "events" and (self.kind != "category" or self.where is not None):
            raise ValueError("a stage of events is a category, the number of unmatched objects, and has no 'where'")
        return self

    @property
    def is_external(self) -> bool:
        """Whether its model is brought along, and not trained."""
        return isinstance(self.model, ExternalModel)

    @property
    def predicted_names(self) -> tuple[str, ...]:
        """Every name that the stage gives a value in simulation: variables, and columns of covariances."""
        if isinstance(self.predict, str):
            return (self.predict,)
        names: list[str] = []
        for name, variable in self.predict.items():
            names += variable.columns if variable.columns is not None else [name]
        return tuple(names)

    def draws_whole(self, name: str) -> bool:
        """Whether one of its predicted names is a whole number: a class, an integer or a flag."""
        return isinstance(self.predict, str) or (name in self.predict and self.predict[name].type in WHOLE)

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seed of each member: what makes it differ from the others."""
        return tuple((self.training.seed + member) % 2**32 for member in range(self.members))
