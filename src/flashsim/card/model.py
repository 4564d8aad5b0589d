"""The families of models and their settings, one table each: what `model` of a stage may hold."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, JsonValue

from flashsim.card.adversarial import AdversarialModel
from flashsim.card.base import CardModel
from flashsim.card.external import ExternalModel, LibraryModel, OnnxModel

Kind = Literal["category", "response"]
DEFAULT_FAMILY: dict[str, str] = {"category": "classifier", "response": "flow-matching"}
FOLLOWS: dict[str, JsonValue] = {"filled_in": "by the stage's kind"}

Width = Annotated[int, Field(ge=1, le=8192, description="Neurons in a hidden layer.")]
Depth = Annotated[int, Field(ge=1, le=64, description="Hidden layers.")]
Layers = Annotated[int, Field(ge=1, le=64, description="Layers of the flow, each with a network of its own.")]
Bins = Annotated[int, Field(ge=2, le=32, description="Bins of a spline.")]
Solver = Annotated[Literal["euler", "midpoint", "heun"], Field(description="Fixed-step solver.")]
Steps = Annotated[
    int,
    Field(
        ge=1,
        le=1000,
        description="Steps of the solver; the velocity is learnt at their times, so they cannot be changed afterwards.",
    ),
]


class ClassifierModel(CardModel):
    """`family = "classifier"`, for a category: probabilities of its classes, one of which is drawn."""

    family: Literal["classifier"] = Field(
        description="A network with a softmax and a temperature.", json_schema_extra=FOLLOWS
    )
    width: Width = 128
    depth: Depth = 4


class FlowMatchingModel(CardModel):
    """`family = "flow-matching"`, for a response: a flow from noise to the outputs, in a few steps of a solver."""

    family: Literal["flow-matching"] = Field(description="Conditional flow matching.", json_schema_extra=FOLLOWS)
    width: Width = 128
    depth: Depth = 4
    solver: Solver = "midpoint"
    steps: Steps = 4
    coupling: Literal["independent", "optimal-transport"] = Field(
        default="independent",
        description="Which noise an object is trained with: any, or noise near it, exchanged within a batch among "
        "objects of nearly the same conditions. The latter not with `sample.weight`.",
    )


class SplineCouplingModel(CardModel):
    """`family = "spline-coupling"`, for a response: a density, by splines of some outputs given the others."""

    family: Literal["spline-coupling"] = Field(description="Coupling flow of rational-quadratic splines.")
    width: Width = 128
    depth: Depth = 2
    layers: int | None = Field(
        default=None,
        ge=1,
        le=64,
        description="Layers of the flow, each with a network of its own; each output sees every other one in two for "
        "every doubling of their number.",
        json_schema_extra={"filled_in": "6 for up to 8 outputs, 8 for up to 16, and so on"},
    )
    bins: Bins = 8


class MaskedAutoregressiveModel(CardModel):
    """`family = "masked-autoregressive"`, for a response: a density, by shift and scale of each output given those
    before it.
    """

    family: Literal["masked-autoregressive"] = Field(description="Autoregressive flow, affine.")
    width: Width = 128
    depth: Depth = 2
    layers: Layers = 6


class SplineAutoregressiveModel(CardModel):
    """`family = "spline-autoregressive"`, for a response: a density, by a spline of each output given those before."""

    family: Literal["spline-autoregressive"] = Field(description="Autoregressive flow of rational-quadratic splines.")
    width: Width = 128
    depth: Depth = 2
    layers: Layers = 3
    bins: Bins = 8


def _with_teacher_family(teacher: Any) -> Any:
    return {"family": DEFAULT_FAMILY["response"]} | teacher if isinstance(teacher, dict) else teacher


TeacherModel = Annotated[
    FlowMatchingModel | SplineCouplingModel | MaskedAutoregressiveModel | SplineAutoregressiveModel,
    Field(discriminator="family"),
    BeforeValidator(_with_teacher_family),
]
"""What makes outputs of as much noise as there are outputs, in one way: the same noise, the same outputs."""


class OneStepModel(CardModel):
    """`family = "one-step"`, for a response: one network that gives what a flow gives in many evaluations.

    `training` is that of the flow; the network learns from it with the same batch and learning rate.
    """

    family: Literal["one-step"] = Field(description="A network that learnt the outputs of a trained flow.")
    width: Width = 128
    depth: Depth = 3
    epochs: int = Field(
        default=30, ge=1, description="Passes over the conditions of the sample, with other noise each."
    )
    teacher: TeacherModel = Field(
        default_factory=lambda: FlowMatchingModel(family="flow-matching"),
        description="The flow that it learns from, of family flow-matching (default), spline-coupling, "
        "masked-autoregressive or spline-autoregressive, with its options; the release does not hold it.",
        json_schema_extra={"filled_in": "a flow with its defaults"},
    )


AnyModel = (
    ClassifierModel
    | FlowMatchingModel
    | SplineCouplingModel
    | MaskedAutoregressiveModel
    | SplineAutoregressiveModel
    | AdversarialModel
    | OneStepModel
    | LibraryModel
    | OnnxModel
)
Model = Annotated[AnyModel, Field(discriminator="family")]
"""Adding a family adds its table here, its constructor and its line for `flashsim models` in `flashsim.models`."""

EXTERNAL_FAMILIES = ("shared-library", "onnx")


def with_family(stage: Any) -> Any:
    """A stage as written, its model's family filled in from its kind where it is left out."""
    model = stage.get("model", {}) if isinstance(stage, dict) else None
    if not isinstance(model, dict):
        return stage
    family = DEFAULT_FAMILY.get(str(stage.get("kind")), "classifier")  # a wrong kind is an error of its own
    return stage | {"model": {"family": family} | model}


def kind_of(model: AnyModel) -> Kind:
    """The kind of stage that a family is for; one that is brought along is for a category if it says the classes."""
    if isinstance(model, ExternalModel):
        return "category" if model.classes else "response"
    return "category" if isinstance(model, ClassifierModel) else "response"
