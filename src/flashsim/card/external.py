"""The tables of models that are not trained but brought along: a compiled library, an ONNX file."""

from typing import Annotated, Literal

from pydantic import Field

from flashsim.card.base import CardModel

ConditionRange = Annotated[tuple[float, float], Field(strict=False)]


class ExternalModel(CardModel):
    """What every model that is brought along has in common."""

    file: str = Field(
        min_length=1,
        description="The file, relative to the card's folder. The release keeps a copy of it; nothing is downloaded.",
    )
    sha256: str | None = Field(
        default=None, pattern=r"^[0-9a-f]{64}$", description="Checksum that the file must have; default: any."
    )
    noise: int = Field(
        default=0, ge=0, le=65536, description="Standard normal random numbers that it takes for each object."
    )
    classes: list[int] | None = Field(
        default=None,
        min_length=2,
        description="For a `category`: the classes, in the order of the probabilities that the model gives.",
    )
    outputs: Literal[1] | None = Field(
        default=None,
        description="For a `category` of two classes: 1 if the model gives the probability of the second alone.",
    )
    range: dict[str, ConditionRange] = Field(
        default_factory=dict,
        description="Lowest and highest value of conditions, by their text in `given`, that the model is made for: "
        "objects beyond are flagged and counted.",
    )
    timeout: float = Field(
        default=60.0, gt=0, le=86400, description="Seconds for 2,048 objects, after which the model counts as hung."
    )


class LibraryModel(ExternalModel):
    """`family = "shared-library"`: a compiled function `float* f(float* out, const float* in)`, or with `noise`
    `float* f(float* out, const float* in, const float* noise)`, called once an object in a process of its own.

    `in` holds the conditions in the order of `given`, `out` what `predict` names, in its order and units.
    """

    family: Literal["shared-library"] = Field(description="A function of a compiled library.")
    symbol: str = Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", description="Name of the function.")


class OnnxModel(ExternalModel):
    """`family = "onnx"`: an ONNX file, run by onnxruntime in a process of its own.

    Its input is a float32 table of objects × conditions, in the order of `given`, its output one of objects × what
    `predict` names.
    """

    family: Literal["onnx"] = Field(description="A model in an ONNX file.")
    conditions: str = Field(default="conditions", min_length=1, description="Name of the input for the conditions.")
    random: str = Field(default="noise", min_length=1, description="Name of the input for the random numbers.")
    output: str = Field(default="outputs", min_length=1, description="Name of the output.")
