"""What families with a density share: the loss is the negative logarithm of it."""

from abc import abstractmethod

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from flashsim.models.model import AbstractModel


class AbstractDensity(AbstractModel):
    """A model that knows the density of the outputs given the conditions, in latent space."""

    @abstractmethod
    def log_density(
        self, conditions: Float[Array, " conditions"], targets: Float[Array, " targets"]
    ) -> Float[Array, ""]:
        """The logarithm of the density of one object's outputs."""

    def loss(
        self,
        conditions: Float[Array, "objects conditions"],
        targets: Float[Array, "objects targets"],
        key: PRNGKeyArray,
    ) -> Float[Array, " objects"]:
        """The negative log-density of each object (maximum likelihood); no random numbers are used."""
        del key
        return -jax.vmap(self.log_density)(conditions, targets)


def log_normal(noise: Float[Array, " noise"]) -> Float[Array, ""]:
    """The logarithm of the density of standard normal noise."""
    return -0.5 * jnp.sum(noise**2) - 0.5 * noise.shape[0] * jnp.log(2 * jnp.pi)
