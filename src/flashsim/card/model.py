"""The families of models and their settings, one table each: what `model` of a stage may hold."""

from typing import Annotated, Any, Literal

from pydantic import Field

from flashsim.card.adversarial import AdversarialModel
from flashsim.card.base import CardModel

Kind = Literal["category", "response"]
DEFAULT_FAMILY: dict[str, str] = {"category": "classifier", "response": "flow-matching"}

Width = Annotated[int, Field(ge=1, le=8192, description="Neurons in a hidden layer.")]
Depth = Annotated[int, Field(ge=1, le=64, description="Hidden layers.")]


class ClassifierModel(CardModel):
    """`family = "classifier"`, for a category: probabilities of its classes, one of which is drawn."""

    family: Literal["classifier"] = Field(description="A network with a softmax and a temperature.")
    width: Width = 128
    depth: Depth = 4


class FlowMatchingModel(CardModel):
    """`family = "flow-matching"`, for a response: a flow from noise to the outputs, in a few steps of a solver."""

    family: Literal["flow-matching"] = Field(description="Conditional flow matching.")
    width: Width = 128
    depth: Depth = 4
    solver: Literal["euler", "midpoint", "heun"] = Field(default="midpoint", description="Fixed-step solver.")
    steps: int = Field(
        default=4,
        ge=1,
        le=1000,
        description="Steps of the solver; the velocity is learnt at their times, so they cannot be changed afterwards.",
    )


Model = Annotated[ClassifierModel | FlowMatchingModel | AdversarialModel, Field(discriminator="family")]
"""Adding a family adds its table here, and its constructor in `flashsim.models.families`."""


def with_family(stage: Any) -> Any:
    """A stage as written, its model's family filled in from its kind where it is left out."""
    model = stage.get("model", {}) if isinstance(stage, dict) else None
    if not isinstance(model, dict):
        return stage
    family = DEFAULT_FAMILY.get(str(stage.get("kind")), "classifier")  # a wrong kind is an error of its own
    return stage | {"model": {"family": family} | model}


def kind_of(model: Model) -> Kind:
    """The kind of stage that a family is for."""
    return "category" if isinstance(model, ClassifierModel) else "response"
