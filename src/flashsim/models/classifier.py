"""The calibrated categorical classifier, whose class is drawn."""

from typing import final

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from flashsim.models.model import AbstractModel
from flashsim.nets import MLP


@final
class CategoricalClassifier(AbstractModel):
    """Class probabilities from a softmax with a temperature (Guo et al. 2017, arXiv:1706.04599).

    Targets are one-hot; a sample is one-hot too, drawn by comparing one uniform number, the normal
    noise's cumulative probability, with the cumulative probabilities of the classes.
    """

    net: MLP
    log_temperature: Float[Array, ""]
    noise: int = eqx.field(static=True, default=1)

    @staticmethod
    def create(conditions: int, targets: int, *, width: int, depth: int, key: PRNGKeyArray) -> "CategoricalClassifier":
        """An untrained classifier of `targets` classes."""
        net = MLP(conditions, targets, width=width, depth=depth, key=key)
        return CategoricalClassifier(net=net, log_temperature=jnp.zeros(()))

    def log_probabilities(self, conditions: Float[Array, " conditions"]) -> Float[Array, " classes"]:
        """The logarithms of one object's class probabilities."""
        logits = self.net(conditions) * jnp.exp(-self.log_temperature)
        # Unrolled: XLA's short reductions change their bits with the batch.
        largest = logits[0]
        for logit in logits[1:]:
            largest = jnp.maximum(largest, logit)
        total = jnp.exp(logits[0] - largest)
        for logit in logits[1:]:
            total = total + jnp.exp(logit - largest)
        return logits - largest - jnp.log(total)

    def loss(
        self,
        conditions: Float[Array, "objects conditions"],
        targets: Float[Array, "objects targets"],
        key: PRNGKeyArray,
    ) -> Float[Array, " objects"]:
        """The cross-entropy of each object; the temperature is fitted after training, not here."""
        del key
        frozen = eqx.tree_at(lambda m: m.log_temperature, self, jax.lax.stop_gradient(self.log_temperature))
        return -jnp.sum(targets * jax.vmap(frozen.log_probabilities)(conditions), axis=1)

    def sample(
        self, conditions: Float[Array, " conditions"], noise: Float[Array, " noise"]
    ) -> Float[Array, " targets"]:
        """A one-hot class, drawn by inverting the cumulative probability."""
        uniform = jax.scipy.stats.norm.cdf(noise[0])
        probabilities = jnp.exp(self.log_probabilities(conditions))
        drawn, below = [], jnp.zeros(())
        for index in range(probabilities.shape[0] - 1):
            upper = below + probabilities[index]
            drawn.append((uniform >= below) & (uniform < upper))
            below = upper
        drawn.append(uniform >= below)  # rounding may leave the sum below one: the last class takes the rest
        return jnp.stack(drawn).astype(jnp.float32)
