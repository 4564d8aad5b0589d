"""A flow of spline couplings: in each layer some outputs move, as conditions and the other outputs say."""

from typing import final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from flashsim.models.density import AbstractDensity, log_normal
from flashsim.nets import MLP, Spline


@final
class Coupling(eqx.Module):
    """One layer, from data to noise: the outputs of `moving` go through splines that the others predict."""

    net: MLP
    spline: Spline
    moving: tuple[int, ...] = eqx.field(static=True)
    others: tuple[int, ...] = eqx.field(static=True)

    def forward(
        self, values: Float[Array, " targets"], conditions: Float[Array, " conditions"]
    ) -> tuple[Float[Array, " targets"], Float[Array, ""]]:
        """Towards the noise, and the logarithm of the determinant."""
        moved, log_slopes = self.spline.forward(self._at(values, self.moving), self._parameters(values, conditions))
        return self._with(values, moved), jnp.sum(log_slopes)

    def inverse(
        self, values: Float[Array, " targets"], conditions: Float[Array, " conditions"]
    ) -> Float[Array, " targets"]:
        """Towards the data."""
        return self._with(
            values, self.spline.inverse(self._at(values, self.moving), self._parameters(values, conditions))
        )

    def _parameters(self, values: Array, conditions: Array) -> Array:
        found = self.net(jnp.concatenate([self._at(values, self.others), conditions]))
        return found.reshape(len(self.moving), self.spline.parameters)

    @staticmethod
    def _at(values: Array, places: tuple[int, ...]) -> Array:
        return values[np.array(places, dtype=np.int32)]

    def _with(self, values: Array, moved: Array) -> Array:
        back = np.argsort([*self.moving, *self.others])
        return jnp.concatenate([moved, self._at(values, self.others)])[back]


@final
class SplineCoupling(AbstractDensity):
    """Rational-quadratic neural spline flow with coupling layers (Durkan et al. 2019, arXiv:1906.04032).

    Which outputs move follows the binary digits of their numbers (as in i-flow, Gao et al. 2020, arXiv:2001.05486):
    layers 2k and 2k + 1 move those whose digit k is 0 and 1. Any two outputs differ in a digit, so that after
    2 log₂(outputs) layers each has moved by what every other one says; this is what permutations between the layers
    are for, without leaving it to chance. Sampling costs the same as a density: one pass.
    """

    layers: tuple[Coupling, ...]
    noise: int = eqx.field(static=True)

    @staticmethod
    def create(
        conditions: int, targets: int, *, width: int, depth: int, layers: int, bins: int, key: PRNGKeyArray
    ) -> "SplineCoupling":
        """An untrained flow, which is the identity."""
        spline, couplings = Spline(bins), []
        for layer, one in enumerate(jax.random.split(key, layers)):
            moving = moving_outputs(layer, targets)
            others = tuple(index for index in range(targets) if index not in moving)
            net = MLP(len(others) + conditions, len(moving) * spline.parameters, width=width, depth=depth, key=one)
            couplings.append(Coupling(net=net, spline=spline, moving=moving, others=others))
        return SplineCoupling(layers=tuple(couplings), noise=targets)

    def log_density(
        self, conditions: Float[Array, " conditions"], targets: Float[Array, " targets"]
    ) -> Float[Array, ""]:
        """By the change of variables to standard normal noise."""
        log_determinant = jnp.zeros(())
        for layer in self.layers:
            targets, share = layer.forward(targets, conditions)
            log_determinant = log_determinant + share
        return log_normal(targets) + log_determinant

    def sample(
        self, conditions: Float[Array, " conditions"], noise: Float[Array, " noise"]
    ) -> Float[Array, " targets"]:
        """The layers undone, from last to first."""
        for layer in reversed(self.layers):
            noise = layer.inverse(noise, conditions)
        return noise


def layers_for(targets: int) -> int:
    """So many that each output has seen every other one, and six at least: more sharpen what few outputs have."""
    return max(6, 2 * (targets - 1).bit_length())


def moving_outputs(layer: int, targets: int) -> tuple[int, ...]:
    """The outputs that move in a layer; a single one always does."""
    digits = max((targets - 1).bit_length(), 1)
    digit, wanted = layer // 2 % digits, layer % 2
    return tuple(index for index in range(targets) if targets == 1 or (index >> digit) & 1 == wanted)
