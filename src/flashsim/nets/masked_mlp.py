"""A network whose output i sees only the values before i: one pass gives all of them, or one by one."""

from collections.abc import Callable
from itertools import pairwise
from typing import final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from flashsim.nets.mlp import algebraic_silu


@final
class MaskedMLP(eqx.Module):
    """A masked autoencoder (MADE, Germain et al. 2015, arXiv:1502.03509) with conditions, for one object.

    A hidden unit of block i sees values 0 … i − 1, all conditions, and hidden units of blocks 0 … i; output i, of
    `parameters` numbers, sees hidden units of blocks 0 … i. Units stand in the order of their blocks, so that all
    matrices are block-triangular: when values come one after the other, each hidden unit is computed once, and all of
    them together cost no more than one pass. The last layer starts at zero.
    """

    weights: tuple[Float[Array, "inputs outputs"], ...]
    biases: tuple[Float[Array, " outputs"], ...]
    values: int = eqx.field(static=True)
    width: int = eqx.field(static=True)

    def __init__(self, values: int, conditions: int, parameters: int, *, width: int, depth: int, key: PRNGKeyArray):
        """`width` hidden units a layer, at least one a value."""
        self.values, self.width = values, max(width, values)
        sizes = (values + conditions, *(self.width,) * depth, values * parameters)
        keys = jax.random.split(key, depth)
        self.weights = tuple(jnp.zeros(pair) for pair in pairwise(sizes))
        hidden = []
        for one, weight, mask in zip(keys, self.weights, self._masks(), strict=False):
            seen = np.maximum(mask.sum(axis=0), 1)
            hidden.append(jax.random.normal(one, weight.shape) * jnp.asarray(mask * np.sqrt(2 / seen), jnp.float32))
        self.weights = (*hidden, self.weights[-1])
        self.biases = tuple(jnp.zeros(size) for size in sizes[1:])

    def __call__(
        self, values: Float[Array, " values"], conditions: Float[Array, " conditions"]
    ) -> Float[Array, "values parameters"]:
        """The parameters of all outputs, when all values are known."""
        masked = [weight * mask for weight, mask in zip(self.weights, self._masks(), strict=True)]
        hidden = jnp.concatenate([values, conditions])
        for weight, bias in zip(masked[:-1], self.biases[:-1], strict=True):
            hidden = algebraic_silu(hidden @ weight + bias)
        return (hidden @ masked[-1] + self.biases[-1]).reshape(self.values, -1)

    def one_by_one(
        self,
        conditions: Float[Array, " conditions"],
        value: Callable[[int, Float[Array, " parameters"]], Float[Array, ""]],
    ) -> Float[Array, " values"]:
        """All values, where ``value(i, parameters)`` gives value i from its parameters, which follow from those before.

        The share of the conditions is computed once. What becomes known is added at once to all that reads it: of the
        units still to come, each layer holds the sums so far.
        """
        bounds, parameters = _bounds(self.width, self.values), self.biases[-1].shape[0] // self.values
        waiting = [self.biases[0] + conditions @ self.weights[0][self.values :], *self.biases[1:]]
        known: list[Array] = []
        for index, (start, end) in enumerate(pairwise(bounds)):
            for layer, weight in enumerate(self.weights[1:]):
                block = algebraic_silu(waiting[layer][: end - start])
                waiting[layer] = waiting[layer][end - start :]
                seen_from = start if layer + 2 < len(self.weights) else index * parameters
                waiting[layer + 1] = waiting[layer + 1] + block @ weight[start:end, seen_from:]
            known.append(value(index, waiting[-1][:parameters]))
            waiting[-1] = waiting[-1][parameters:]
            waiting[0] = waiting[0] + known[-1] * self.weights[0][index, end:]
        return jnp.stack(known)

    def _masks(self) -> list[Bool[np.ndarray, "inputs outputs"]]:
        """Which weights of each layer may differ from zero."""
        block = np.repeat(np.arange(self.values), np.diff(_bounds(self.width, self.values)))
        conditions = self.weights[0].shape[0] - self.values
        first = np.concatenate([np.arange(self.values), np.full(conditions, -1)])
        output = np.repeat(np.arange(self.values), self.weights[-1].shape[1] // self.values)
        between = [block[:, None] <= block[None]] * (len(self.weights) - 2)
        return [first[:, None] < block[None], *between, block[:, None] <= output[None]]


def _bounds(width: int, values: int) -> list[int]:
    """Where each block of hidden units starts, and the end of the last: blocks as equal as can be."""
    return [index * width // values for index in range(values + 1)]
