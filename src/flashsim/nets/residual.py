"""A multilayer perceptron with skip connections."""

import math
from collections.abc import Callable
from typing import final

import equinox as eqx
import jax
from jaxtyping import Array, Float, PRNGKeyArray

from flashsim.nets.mlp import MLP


@final
class Residual(eqx.Module):
    """Hidden layers of equal width that add to what they read (He et al. 2016, arXiv:1512.03385).

    Layers after the first start smaller by the root of their number, so that activations do not grow with the depth.
    The last layer starts at zero, as in `MLP`.
    """

    weights: tuple[Float[Array, "inputs outputs"], ...]
    biases: tuple[Float[Array, " outputs"], ...]
    activation: Callable[[Array], Array] = eqx.field(static=True)

    def __init__(self, inputs: int, outputs: int, *, width: int, depth: int, key: PRNGKeyArray):
        plain = MLP(inputs, outputs, width=width, depth=depth, key=key)
        first, *others, last = plain.weights
        self.weights = (first, *(weight / math.sqrt(len(others)) for weight in others), last)
        self.biases = plain.biases
        self.activation = plain.activation

    def hidden(self, values: Float[Array, " inputs"]) -> Float[Array, " width"]:
        """The last hidden layer for one object."""
        first, *others = zip(self.weights[:-1], self.biases[:-1], strict=True)
        values = self.activation(values @ first[0] + first[1])
        for weight, bias in others:
            values = values + self.activation(values @ weight + bias)
        return values

    def __call__(self, values: Float[Array, " inputs"]) -> Float[Array, " outputs"]:
        """The network's outputs for one object."""
        return self.hidden(values) @ self.weights[-1] + self.biases[-1]


Network = MLP | Residual


def network(
    inputs: int, outputs: int, *, width: int, depth: int, residual: bool, last: float = 0.0, key: PRNGKeyArray
) -> Network:
    """An untrained network. `last` is the scale of its outputs: zero, or a critic that has slopes from the start."""
    key_last, key_net = jax.random.split(key)
    net = (Residual if residual else MLP)(inputs, outputs, width=width, depth=depth, key=key_net)
    drawn = last / math.sqrt(width) * jax.random.normal(key_last, (width, outputs))
    return eqx.tree_at(lambda n: n.weights[-1], net, drawn)
