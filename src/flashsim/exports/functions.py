"""What is exported: the response of a stage, and the whole detector, each as a function of one object."""

from collections.abc import Callable
from dataclasses import dataclass

from jaxtyping import Array

from flashsim.exports.chain import Chain
from flashsim.training import TrainedStage


@dataclass(frozen=True)
class Exported:
    """A function of one object's vectors (float32), with the names and widths of what it reads and makes.

    An output of width 0 is a flag, any other a vector.
    """

    name: str
    function: Callable[[Array, Array], tuple[Array, ...]]
    inputs: dict[str, int]
    outputs: dict[str, int]

    @property
    def widths(self) -> dict[str, int]:
        """The width of each input, and of all outputs and flags side by side."""
        return self.inputs | {"outputs": sum(width or 1 for width in self.outputs.values())}


def exported_stage(trained: TrainedStage) -> Exported:
    """The response of a stage as simulation runs it: its outputs, and whether its conditions are outside training."""
    response = trained.learnt[0]

    def one(conditions: Array, noise: Array) -> tuple[Array, Array]:
        outputs, outside = response(conditions[None], noise[None])
        return outputs[0], outside[0]

    return Exported(
        trained.stage.name,
        one,
        inputs={"conditions": len(trained.columns), "noise": response.model.noise},
        outputs={"outputs": len(trained.outputs), "outside": 0},
    )


def exported_detector(chain: Chain) -> Exported:
    """The whole detector: columns of the output, whether the object is reconstructed, whether it is outside."""
    return Exported(
        "detector",
        chain,
        inputs={"truth": len(chain.inputs), "noise": sum(chain.noise.values())},
        outputs={"outputs": len(chain.card.output.columns), "selected": 0, "outside": 0},
    )
