"""One player of a family: the part of a model that it trains, and the loss that it lowers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from jaxtyping import Array, Float, PRNGKeyArray

Loss = Callable[
    [
        Any,
        Float[Array, "objects conditions"],
        Float[Array, "objects targets"],
        Float[Array, " objects"],
        PRNGKeyArray,
    ],
    Float[Array, ""],
]
"""From a learner, conditions, targets, weights (with a mean of one over the sample) and a key to one number."""


def unchanged(part: Any) -> Any:
    """A part as its gradient step left it."""
    return part


@dataclass(frozen=True)
class Player:
    """Who takes a gradient step, in its turn, on every batch.

    `part` picks from the learner what the player trains; everything else is held fixed meanwhile. `steps` is how many
    steps it takes a batch, `rate` its learning rate in units of the training's, `momentum` Adam's two decays,
    and `project` what brings the part back to where it must stay after each step.
    """

    name: str
    part: Callable[[Any], Any]
    loss: Loss
    steps: int = 1
    rate: float = 1.0
    momentum: tuple[float, float] = (0.9, 0.999)
    project: Callable[[Any], Any] = unchanged
