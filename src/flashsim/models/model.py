"""What every family of models is: players for the trainer, and one pure function for simulation."""

from abc import abstractmethod

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from flashsim.models.player import Player, unchanged


class AbstractLearner(eqx.Module):
    """What the trainer trains: players that take a gradient step in turn, and a number that says how good it is."""

    @property
    @abstractmethod
    def players(self) -> tuple[Player, ...]:
        """Who takes a step on each batch, in order."""

    @abstractmethod
    def loss(
        self,
        conditions: Float[Array, "objects conditions"],
        targets: Float[Array, "objects targets"],
        key: PRNGKeyArray,
    ) -> Float[Array, " objects"]:
        """How bad each object is: training stops when the weighted mean over held-out objects no longer falls."""


class AbstractModel(AbstractLearner):
    """A conditional model of the outputs of one object, in latent space: one player, which lowers its `loss`.

    `conditions` are the transformed inputs of a stage, `targets` its transformed outputs.
    """

    noise: eqx.AbstractVar[int]
    """How many random numbers one object needs."""

    @property
    def players(self) -> tuple[Player, ...]:
        """The whole model, for the weighted mean of the loss."""
        return (Player("model", part=unchanged, loss=_mean_loss),)

    @abstractmethod
    def sample(
        self, conditions: Float[Array, " conditions"], noise: Float[Array, " noise"]
    ) -> Float[Array, " targets"]:
        """One object's outputs: a pure function of its conditions and of standard normal noise."""


def _mean_loss(
    model: AbstractModel,
    conditions: Float[Array, "objects conditions"],
    targets: Float[Array, "objects targets"],
    weights: Float[Array, " objects"],
    key: PRNGKeyArray,
) -> Float[Array, ""]:
    return jnp.mean(weights * model.loss(conditions, targets, key))
