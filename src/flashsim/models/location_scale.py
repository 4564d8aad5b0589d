"""A location and a scale that depend on the conditions: what is left has one scale everywhere."""

from typing import final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from flashsim.models.model import AbstractModel
from flashsim.nets import MLP
from flashsim.transforms import QuantileNormal
from flashsim.transforms.quantile_normal import KNOTS

FREEDOM = 4.0
LOGARITHM_LIMIT = 12.0
MARGIN = 0.05
"""By this share of the range in training outputs may go beyond it: a large scale meets a large u nowhere else."""


@final
class LocationScale(AbstractModel):
    """Each output as ``location(c) + scale(c) × u``, and the distribution of u as its quantiles.

    The location is ``exp(gain(c)) × mantissa(c)``: a number that is 10⁻⁶ for one track and 0.1 for another,
    as correlations are, is as precise in the one as in the other.

    A resolution can differ by orders of magnitude from one momentum, or one kind of track, to another.
    In units of its own scale it differs little, so that tails stay where they belong. Location and
    scale are fitted by the likelihood of Student's t with 4 degrees of freedom, for which outliers
    weigh little (Lange, Little & Taylor 1989); the quantiles of u are taken afterwards.
    """

    net: MLP
    remainder: QuantileNormal
    lowest: Float[Array, " targets"]
    highest: Float[Array, " targets"]
    noise: int = eqx.field(static=True)

    @staticmethod
    def create(conditions: int, targets: int, *, width: int, depth: int, key: PRNGKeyArray) -> "LocationScale":
        """An unfitted one: location 0, scale 1, u standard normal."""
        net = MLP(conditions, 3 * targets, width=width, depth=depth, key=key)
        knots = jnp.broadcast_to(jnp.linspace(-5.0, 5.0, KNOTS + 2), (targets, KNOTS + 2))
        # With a type: without one they have another after the first epoch, which would be compiled twice.
        first, step, unbounded = (jnp.full(targets, value, jnp.float32) for value in (-5.0, 10.0 / (KNOTS + 1), 1e30))
        remainder = QuantileNormal(knots, first, step)
        return LocationScale(net=net, remainder=remainder, lowest=-unbounded, highest=unbounded, noise=targets)

    def location_and_log_scale(
        self, conditions: Float[Array, " conditions"]
    ) -> tuple[Float[Array, " targets"], Float[Array, " targets"]]:
        """Both for one object; gain and scale stay within e^±12 of those of the whole sample."""
        mantissa, logarithms = jnp.split(self.net(conditions), [self.noise])
        gain, log_scale = jnp.split(LOGARITHM_LIMIT * jnp.tanh(logarithms / LOGARITHM_LIMIT), 2)
        return mantissa * jnp.exp(gain), log_scale

    def remainders(
        self, conditions: Float[Array, "objects conditions"], targets: Float[Array, "objects targets"]
    ) -> tuple[Float[Array, "objects targets"], Float[Array, "objects targets"]]:
        """u of each object, and the log scales that it was divided by."""
        location, log_scale = jax.vmap(self.location_and_log_scale)(conditions)
        return (targets - location) * jnp.exp(-log_scale), log_scale

    def loss(
        self,
        conditions: Float[Array, "objects conditions"],
        targets: Float[Array, "objects targets"],
        key: PRNGKeyArray,
    ) -> Float[Array, " objects"]:
        """The negative log-likelihood of Student's t up to a constant, a mean over the outputs."""
        del key
        u, log_scale = self.remainders(conditions, targets)
        return jnp.mean((FREEDOM + 1) / 2 * jnp.log1p(u**2 / FREEDOM) + log_scale, axis=1)

    def with_remainder(
        self,
        conditions: Float[Array, "objects conditions"],
        targets: Float[Array, "objects targets"],
        weights: Float[Array, " objects"],
    ) -> "LocationScale":
        """The same with the quantiles of u, and the range that outputs stay in, taken from these objects."""
        u, _ = eqx.filter_jit(LocationScale.remainders)(self, conditions, targets)
        fitted = QuantileNormal.fit(
            np.asarray(u, dtype=np.float64), np.asarray(weights, dtype=np.float64), name="remainder"
        )
        lowest, highest = np.min(targets, axis=0), np.max(targets, axis=0)
        margin = MARGIN * (highest - lowest)
        bounds = jnp.asarray(lowest - margin), jnp.asarray(highest + margin)
        return eqx.tree_at(lambda m: (m.remainder, m.lowest, m.highest), self, (fitted, *bounds))

    def standardise(
        self, conditions: Float[Array, "objects conditions"], targets: Float[Array, "objects targets"]
    ) -> Float[Array, "objects targets"]:
        """What is left of the targets, as normal scores."""
        u, _ = self.remainders(conditions, targets)
        return self.remainder.forward(u, jnp.full_like(u, 0.5))

    def restore(
        self, conditions: Float[Array, " conditions"], scores: Float[Array, " targets"]
    ) -> Float[Array, " targets"]:
        """The targets of one object from normal scores; the inverse of `standardise`."""
        location, log_scale = self.location_and_log_scale(conditions)
        restored = location + jnp.exp(log_scale) * self.remainder.inverse(scores[None])[0]
        return jnp.clip(restored, self.lowest, self.highest)

    def sample(
        self, conditions: Float[Array, " conditions"], noise: Float[Array, " noise"]
    ) -> Float[Array, " targets"]:
        """Independent outputs, each with its quantiles."""
        return self.restore(conditions, noise)


@final
class Standardised(AbstractModel):
    """Any model of the normal scores that a location and scale leave."""

    base: LocationScale
    model: AbstractModel
    noise: int = eqx.field(static=True)

    @staticmethod
    def of(base: LocationScale, model: AbstractModel) -> "Standardised":
        """`model` on what `base` leaves."""
        return Standardised(base=base, model=model, noise=model.noise)

    def loss(
        self,
        conditions: Float[Array, "objects conditions"],
        targets: Float[Array, "objects targets"],
        key: PRNGKeyArray,
    ) -> Float[Array, " objects"]:
        """The loss of the model on the normal scores."""
        return self.model.loss(conditions, jax.lax.stop_gradient(self.base.standardise(conditions, targets)), key)

    def sample(
        self, conditions: Float[Array, " conditions"], noise: Float[Array, " noise"]
    ) -> Float[Array, " targets"]:
        """The model's scores, brought back."""
        return self.base.restore(conditions, self.model.sample(conditions, noise))
