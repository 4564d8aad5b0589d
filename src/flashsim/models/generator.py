"""The generator: from conditions and noise to outputs, in one pass: what adversarial and one-step families train."""

from typing import final

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from flashsim.models.energy_score import energy_score
from flashsim.models.model import AbstractModel
from flashsim.nets import Network, network


@final
class Generator(AbstractModel):
    """The first random numbers as outputs, plus what a network makes of conditions and all of them.

    Untrained it is standard normal, as the scores that it is to learn nearly are: like a flow, it learns what is not.
    """

    net: Network
    noise: int = eqx.field(static=True)
    targets: int = eqx.field(static=True)

    @staticmethod
    def create(
        conditions: int, targets: int, *, latent: int, width: int, depth: int, residual: bool, key: PRNGKeyArray
    ) -> "Generator":
        """An untrained generator of `targets` outputs from `latent` random numbers."""
        net = network(conditions + latent, targets, width=width, depth=depth, residual=residual, key=key)
        return Generator(net=net, noise=latent, targets=targets)

    def loss(
        self,
        conditions: Float[Array, "objects conditions"],
        targets: Float[Array, "objects targets"],
        key: PRNGKeyArray,
    ) -> Float[Array, " objects"]:
        """The energy score of each object: what tells a good generator from a bad one whatever its critic."""
        return energy_score(self.sample, self.noise, conditions, targets, key)

    def sample(
        self, conditions: Float[Array, " conditions"], noise: Float[Array, " noise"]
    ) -> Float[Array, " targets"]:
        """The outputs of one object, in one pass of the network."""
        passed = jnp.concatenate([noise, jnp.zeros(self.targets)])[: self.targets]
        return passed + self.net(jnp.concatenate([noise, conditions]))
