"""Autoregressive flows: each output is drawn given those before it."""

from typing import final

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from flashsim.models.density import AbstractDensity, log_normal
from flashsim.nets import AbstractBijection, MaskedMLP


@final
class MaskedAutoregressive(AbstractDensity):
    """Masked autoregressive flow (Papamakarios et al. 2017, arXiv:1705.07057), affine or with splines.

    Each layer maps output i to noise as the conditions and the outputs before it say, in one pass for all of them, as
    training needs it; the next layer takes them in the opposite order. The other direction goes output by output.
    An inverse autoregressive flow (Kingma et al. 2016, arXiv:1606.04934) would sample in one pass and train one by one;
    here both cost one pass, as `MaskedMLP.one_by_one` computes each hidden unit once.
    """

    nets: tuple[MaskedMLP, ...]
    bijection: AbstractBijection
    noise: int = eqx.field(static=True)

    @staticmethod
    def create(
        conditions: int,
        targets: int,
        *,
        bijection: AbstractBijection,
        width: int,
        depth: int,
        layers: int,
        key: PRNGKeyArray,
    ) -> "MaskedAutoregressive":
        """An untrained flow, which is the identity up to the order of the outputs."""
        nets = tuple(
            MaskedMLP(targets, conditions, bijection.parameters, width=width, depth=depth, key=one)
            for one in jax.random.split(key, layers)
        )
        return MaskedAutoregressive(nets=nets, bijection=bijection, noise=targets)

    def log_density(
        self, conditions: Float[Array, " conditions"], targets: Float[Array, " targets"]
    ) -> Float[Array, ""]:
        """By the change of variables to standard normal noise."""
        log_determinant = jnp.zeros(())
        for net in self.nets:
            targets, log_slopes = self.bijection.forward(targets, net(targets, conditions))
            targets = targets[::-1]
            log_determinant = log_determinant + jnp.sum(log_slopes)
        return log_normal(targets) + log_determinant

    def sample(
        self, conditions: Float[Array, " conditions"], noise: Float[Array, " noise"]
    ) -> Float[Array, " targets"]:
        """The layers undone, from last to first; in each, one output after the other."""
        for net in reversed(self.nets):
            noise = self._undo(net, conditions, noise[::-1])
        return noise

    def _undo(self, net: MaskedMLP, conditions: Array, noise: Array) -> Array:
        return net.one_by_one(conditions, lambda index, found: self.bijection.inverse(noise[index], found))
