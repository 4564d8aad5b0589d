"""The four regularisers: how a critic is kept from being steep."""

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, Literal, final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from flashsim.models.energy_score import length

Targets = Float[Array, " targets"]
Scalar = Float[Array, ""]
Potential = Callable[[Targets], Scalar]
Sides = Literal["one", "two"]


class AbstractRegulariser(eqx.Module):
    """A penalty on the critic, a projection of its weights, or neither."""

    @abstractmethod
    def penalty(self, potential: Potential, real: Targets, generated: Targets, key: PRNGKeyArray) -> Scalar:
        """What one object adds to the critic's loss; `potential` is the critic given the object's conditions."""

    def project(self, critic: Any) -> Any:
        """The critic as it may stay after a step."""
        return critic


@final
class NoRegulariser(AbstractRegulariser):
    """The critic may be as steep as it likes."""

    def penalty(self, potential: Potential, real: Targets, generated: Targets, key: PRNGKeyArray) -> Scalar:
        """Nothing."""
        return jnp.zeros(())


@final
class WeightClipping(AbstractRegulariser):
    """No weight of the critic beyond ±`limit` (Arjovsky et al. 2017, arXiv:1701.07875)."""

    limit: float

    def penalty(self, potential: Potential, real: Targets, generated: Targets, key: PRNGKeyArray) -> Scalar:
        """Nothing."""
        return jnp.zeros(())

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
    sides: Sides = "two"

    def penalty(self, potential: Potential, real: Targets, generated: Targets, key: PRNGKeyArray) -> Scalar:
        """At a point drawn evenly on the line between the two."""
        share = jax.random.uniform(key)
        gradient = jax.grad(potential)(share * real + (1 - share) * generated)
        return self.strength * _excess(length(gradient), self.sides) ** 2


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

    def penalty(self, potential: Potential, real: Targets, generated: Targets, key: PRNGKeyArray) -> Scalar:
        """The mean of the penalties at the two objects."""
        keys = jax.random.split(key)
        both = (self._at(potential, start, k) for start, k in zip((real, generated), keys, strict=True))
        return self.strength * 0.5 * sum(both, jnp.zeros(()))

    def _at(self, potential: Potential, start: Targets, key: PRNGKeyArray) -> Scalar:
        key_direction, key_size = jax.random.split(key)
        typical = float(np.sqrt(start.shape[0]))
        size = typical * jax.random.uniform(key_size, minval=self.shortest, maxval=self.longest)

        def change(step: Targets) -> Scalar:
            return jnp.abs(potential(start + step) - potential(start))

        probe = _unit(jax.random.normal(key_direction, start.shape)) * self.longest * typical
        direction = jax.lax.stop_gradient(_unit(jax.grad(change)(probe)))
        return _excess(change(size * direction) / size, self.sides) ** 2


def _excess(slope: Scalar, sides: Sides) -> Scalar:
    return slope - 1 if sides == "two" else jnp.maximum(slope - 1, 0)


def _unit(vector: Targets) -> Targets:
    return vector / length(vector)
