"""The four regularisers: how a critic is kept from being steep."""

from collections.abc import Callable
from typing import Any, Literal, final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from flashsim.models.energy_score import length
from flashsim.random import normal, uniform

Points = Float[Array, "points targets"]
Values = Float[Array, " points"]
Penalties = Float[Array, " penalties"]
Potential = Callable[[Points], Values]
"""The critic's potential of outputs, the i-th at the conditions of the i-th object."""
Sides = Literal["one", "two"]

PROBES, SIZES, SHARES = 16, 17, 18
"""Streams of random numbers that are drawn here; those below are for who calls."""


class AbstractRegulariser(eqx.Module):
    """A penalty on the critic, a projection of its weights, or neither."""

    paired: eqx.AbstractVar[bool]
    """Whether a penalty concerns a full object together with a generated one of the same conditions."""

    def penalties(self, potential: Potential, objects: Points, values: Values, key: PRNGKeyArray) -> Penalties | None:
        """What each object adds to the critic's loss, or None for nothing.

        The first half of `objects` are full ones, the other half generated; `values` are their potentials. Where
        objects are paired, a pair has one penalty.
        """
        return None

    def project(self, critic: Any) -> Any:
        """The critic as it may stay after a step."""
        return critic


@final
class NoRegulariser(AbstractRegulariser):
    """The critic may be as steep as it likes."""

    paired: bool = False


@final
class WeightClipping(AbstractRegulariser):
    """No weight of the critic beyond ±`limit` (Arjovsky et al. 2017, arXiv:1701.07875)."""

    limit: float
    paired: bool = False

    def project(self, critic: Any) -> Any:
        """Every weight and bias, clipped."""
        return jax.tree.map(
            lambda leaf: jnp.clip(leaf, -self.limit, self.limit) if eqx.is_inexact_array(leaf) else leaf, critic
        )


@final
class GradientPenalty(AbstractRegulariser):
    """λ (|∇D| − 1)² between a full and a generated object (Gulrajani et al. 2017, arXiv:1704.00028).

    Both have the same conditions, so that the gradient is that with respect to the outputs: the distance that
    the critic measures is one of distributions given the conditions.
    """

    strength: float
    sides: Sides = "one"
    paired: bool = True

    def penalties(self, potential: Potential, objects: Points, values: Values, key: PRNGKeyArray) -> Penalties:
        """At points drawn evenly on the lines between the two of a pair."""
        full, generated = jnp.split(objects, 2)
        share = uniform(key, SHARES, len(full), 1)
        slopes = length(_gradient(potential, share * full + (1 - share) * generated))
        return self.strength * _excess(slopes, self.sides) ** 2


@final
class AdversarialLipschitz(AbstractRegulariser):
    """λ max(0, |D(y) − D(y + r)| / |r| − 1)², where r is the direction in which D changes most.

    Terjék 2020, arXiv:1907.05681, with the square inside the mean, at full and generated objects alike. The
    direction comes from one step of power iteration (Miyato et al. 2018, arXiv:1704.03976). The author's lengths
    of r are between 0.1 and 10, and 10 for the probe, for images of 3072 pixels with a deviation of about ½; in units
    of a typical length of the data that is 0.0036 to 0.36, and so it is here.
    """

    strength: float
    sides: Sides = "one"
    shortest: float = 0.0036
    longest: float = 0.36
    paired: bool = False

    def penalties(self, potential: Potential, objects: Points, values: Values, key: PRNGKeyArray) -> Penalties:
        """At every object, with a probe and a length of its own."""
        points, width = objects.shape
        typical = float(np.sqrt(width))
        probes = _unit(normal(key, PROBES, points, width)) * self.longest * typical
        sizes = typical * (self.shortest + (self.longest - self.shortest) * uniform(key, SIZES, points, 1)[:, 0])
        # The potentials at the objects themselves are known: here only their sign against those at the probes counts.
        directions = jax.lax.stop_gradient(
            _unit(_gradient(lambda moved: jnp.abs(potential(moved) - values), objects + probes))
        )
        changes = jnp.abs(potential(objects + sizes[:, None] * directions) - values)
        return self.strength * _excess(changes / sizes, self.sides) ** 2


def _gradient(function: Potential, points: Points) -> Points:
    """The gradient of each value with respect to its own point."""
    return jax.grad(lambda points: jnp.sum(function(points)))(points)


def _excess(slopes: Values, sides: Sides) -> Values:
    return slopes - 1 if sides == "two" else jnp.maximum(slopes - 1, 0)


def _unit(vectors: Points) -> Points:
    return vectors / length(vectors)[:, None]
