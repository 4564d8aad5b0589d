"""What every family of models is: a loss for the trainer, and one pure function for simulation."""

from abc import abstractmethod

import equinox as eqx
from jaxtyping import Array, Float, PRNGKeyArray


class AbstractModel(eqx.Module):
    """A conditional model of the outputs of one object, in latent space.

    `conditions` are the transformed inputs of a stage, `targets` its transformed outputs.
    """

    noise: eqx.AbstractVar[int]
    """How many random numbers one object needs."""

    @abstractmethod
    def loss(
        self,
        conditions: Float[Array, "objects conditions"],
        targets: Float[Array, "objects targets"],
        key: PRNGKeyArray,
    ) -> Float[Array, " objects"]:
        """The loss of each object of a batch; the trainer takes its weighted mean."""

    @abstractmethod
    def sample(
        self, conditions: Float[Array, " conditions"], noise: Float[Array, " noise"]
    ) -> Float[Array, " targets"]:
        """One object's outputs: a pure function of its conditions and of standard normal noise."""
