"""Spectral normalisation: a network whose every matrix has the largest singular value 1."""

from typing import final

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from flashsim.nets.residual import Network

FIRST_ITERATIONS = 50


@final
class SpectrallyNormalised(eqx.Module):
    """A network with each matrix W divided by σ(W) (Miyato et al. 2018, arXiv:1802.05957).

    σ(W) = vᵀ W u, with u and v from a power iteration that goes on by one step with every step of the
    training, and is no part of the gradient. The vectors u are kept here, so that a run that was stopped
    goes on with the same bits.
    """

    net: Network
    directions: tuple[Float[Array, " _"], ...]

    @staticmethod
    def of(net: Network, key: PRNGKeyArray) -> "SpectrallyNormalised":
        """`net`, its first vectors iterated from random ones."""
        keys = jax.random.split(key, len(net.weights))
        drawn = tuple(jax.random.normal(k, (w.shape[1],)) for k, w in zip(keys, net.weights, strict=True))
        start = SpectrallyNormalised(net, drawn)
        return jax.lax.fori_loop(0, FIRST_ITERATIONS, lambda _, one: one.advanced(), start)

    def advanced(self) -> "SpectrallyNormalised":
        """The same after one step of the power iteration."""
        moved = tuple(
            _unit(weight.T @ _unit(weight @ u)) for weight, u in zip(self.net.weights, self.directions, strict=True)
        )
        return eqx.tree_at(lambda s: s.directions, self, moved)

    @property
    def normalised(self) -> Network:
        """The network with its matrices divided."""
        weights = tuple(
            weight / _largest(weight, u) for weight, u in zip(self.net.weights, self.directions, strict=True)
        )
        return eqx.tree_at(lambda n: n.weights, self.net, weights)

    def hidden(self, values: Float[Array, " inputs"]) -> Float[Array, " width"]:
        """The last hidden layer for one object."""
        return self.normalised.hidden(values)

    def __call__(self, values: Float[Array, " inputs"]) -> Float[Array, " outputs"]:
        """The network's outputs for one object."""
        return self.normalised(values)


def _unit(vector: Array) -> Array:
    return vector / (jnp.linalg.norm(vector) + 1e-12)


def _largest(weight: Array, direction: Array) -> Array:
    """The largest singular value; the singular vectors count as constants."""
    u = jax.lax.stop_gradient(_unit(direction))
    v = jax.lax.stop_gradient(_unit(weight @ u))
    return v @ weight @ u
