"""Conditional flow matching on a trigonometric path."""

from typing import Literal, final

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from flashsim.models.model import AbstractModel
from flashsim.nets import MLP

Solver = Literal["euler", "midpoint", "heun"]


@final
class FlowMatching(AbstractModel):
    """A continuous flow, trained without simulating it (Lipman et al. 2023, arXiv:2210.02747).

    The velocity turns standard normal noise x₀ into the targets x₁ along

        x_t = cos(πt/2) x₀ + sin(πt/2) x₁,    v = π/2 (cos(πt/2) x₁ − sin(πt/2) x₀)

    (the trigonometric interpolant of Albergo & Vanden-Eijnden 2023, arXiv:2209.15571), for which a
    standard normal target has exactly zero velocity: on scores that are nearly normal, the flow only has
    to learn what is *not*, and a few solver steps are enough.
    """

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
        velocity = MLP(conditions + targets + 3, targets, width=width, depth=depth, key=key)
        return FlowMatching(velocity=velocity, noise=targets, solver=solver, steps=steps)

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
        """The squared error of the velocity, a mean over the outputs."""
        key_time, key_noise = jax.random.split(key)
        # One stratum an object: the times of a batch cover [0, 1] evenly.
        strata = jnp.arange(targets.shape[0]) / targets.shape[0]
        time = (strata + jax.random.uniform(key_time)) % 1.0
        noise = jax.random.normal(key_noise, targets.shape)
        cosine, sine = jnp.cos(jnp.pi / 2 * time)[:, None], jnp.sin(jnp.pi / 2 * time)[:, None]
        wanted = jnp.pi / 2 * (cosine * targets - sine * noise)
        predicted = jax.vmap(self.rate)(cosine * noise + sine * targets, time, conditions)
        return jnp.mean((predicted - wanted) ** 2, axis=1)

    def sample(
        self, conditions: Float[Array, " conditions"], noise: Float[Array, " noise"]
    ) -> Float[Array, " targets"]:
        """The flow's end point from `noise`, by a fixed number of unrolled solver steps."""
        state, step = noise, 1.0 / self.steps
        for index in range(self.steps):
            state = self._advance(state, index * step, step, conditions)
        return state

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
