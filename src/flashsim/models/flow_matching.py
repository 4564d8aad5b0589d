"""Conditional flow matching on a trigonometric path, from a conditional Gaussian."""

from typing import Literal, final

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from flashsim.models.model import AbstractModel
from flashsim.nets import MLP

Solver = Literal["euler", "midpoint", "heun"]
LOG_WIDTH_RANGE = 7.0  # e^-7 is finer than any detector's width beside its spread over all conditions


@final
class FlowMatching(AbstractModel):
    """A continuous flow, trained without simulating it (Lipman et al. 2023, arXiv:2210.02747).

    Two networks share one loss. The *base* predicts a mean and a width of every output given the
    conditions, by Gaussian likelihood: what is left after standardising with them has zero mean and
    unit width everywhere. The *velocity* then turns standard normal noise into that remainder along

        x_t = cos(πt/2) x₀ + sin(πt/2) x₁,    v = π/2 (cos(πt/2) x₁ − sin(πt/2) x₀)

    (the trigonometric interpolant of Albergo & Vanden-Eijnden 2023, arXiv:2209.15571), for which a
    Gaussian remainder has exactly zero velocity: the flow only has to learn what is *not* Gaussian,
    and a few solver steps are enough.
    """

    base: MLP
    velocity: MLP
    noise: int = eqx.field(static=True)
    solver: Solver = eqx.field(static=True)
    steps: int = eqx.field(static=True)

    @staticmethod
    def create(
        conditions: int,
        targets: int,
        *,
        width: int,
        depth: int,
        solver: Solver,
        steps: int,
        key: PRNGKeyArray,
    ) -> "FlowMatching":
        """An untrained flow of `targets` dimensions."""
        key_base, key_velocity = jax.random.split(key)
        base = MLP(conditions, 2 * targets, width=width, depth=2, key=key_base)
        velocity = MLP(conditions + targets + 3, targets, width=width, depth=depth, key=key_velocity)
        return FlowMatching(base=base, velocity=velocity, noise=targets, solver=solver, steps=steps)

    def mean_and_log_width(
        self, conditions: Float[Array, " conditions"]
    ) -> tuple[Float[Array, " targets"], Float[Array, " targets"]]:
        """The conditional Gaussian that the flow starts from."""
        mean, log_width = jnp.split(self.base(conditions), 2)
        return mean, LOG_WIDTH_RANGE * jnp.tanh(log_width / LOG_WIDTH_RANGE)

    def rate(
        self, state: Float[Array, " targets"], time: Float[Array, ""], conditions: Float[Array, " conditions"]
    ) -> Float[Array, " targets"]:
        """The velocity dx/dt at `time` between 0 (noise) and 1 (data)."""
        angle = jnp.pi / 2 * time
        clock = jnp.stack([2 * time - 1, jnp.cos(angle), jnp.sin(angle)])
        return self.velocity(jnp.concatenate([state, clock, conditions]))

    def loss(
        self,
        conditions: Float[Array, "objects conditions"],
        targets: Float[Array, "objects targets"],
        key: PRNGKeyArray,
    ) -> Float[Array, " objects"]:
        """Gaussian likelihood of the base plus the squared error of the velocity, a mean over outputs."""
        mean, log_width = jax.vmap(self.mean_and_log_width)(conditions)
        remainder = (targets - mean) * jnp.exp(-log_width)
        likelihood = jnp.mean(0.5 * remainder**2 + log_width, axis=1)
        data = jax.lax.stop_gradient(remainder)
        key_time, key_noise = jax.random.split(key)
        # One stratum an object: the times of a batch cover [0, 1] evenly.
        strata = jnp.arange(data.shape[0]) / data.shape[0]
        time = (strata + jax.random.uniform(key_time)) % 1.0
        noise = jax.random.normal(key_noise, data.shape)
        cosine, sine = jnp.cos(jnp.pi / 2 * time)[:, None], jnp.sin(jnp.pi / 2 * time)[:, None]
        wanted = jnp.pi / 2 * (cosine * data - sine * noise)
        predicted = jax.vmap(self.rate)(cosine * noise + sine * data, time, conditions)
        return likelihood + jnp.mean((predicted - wanted) ** 2, axis=1)

    def sample(
        self, conditions: Float[Array, " conditions"], noise: Float[Array, " noise"]
    ) -> Float[Array, " targets"]:
        """The flow's end point from `noise`, by a fixed number of unrolled solver steps."""
        state, step = noise, 1.0 / self.steps
        for index in range(self.steps):
            state = self._advance(state, index * step, step, conditions)
        mean, log_width = self.mean_and_log_width(conditions)
        return mean + jnp.exp(log_width) * state

    def _advance(self, state: Array, time: float, step: float, conditions: Array) -> Array:
        rate = self.rate(state, jnp.asarray(time), conditions)
        match self.solver:
            case "euler":
                return state + step * rate
            case "midpoint":
                middle = self.rate(state + 0.5 * step * rate, jnp.asarray(time + 0.5 * step), conditions)
                return state + step * middle
            case "heun":
                end = self.rate(state + step * rate, jnp.asarray(time + step), conditions)
                return state + 0.5 * step * (rate + end)
