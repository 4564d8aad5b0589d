"""Conditional flow matching on a trigonometric path."""

from collections.abc import Callable
from itertools import pairwise
from typing import Literal, final

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from flashsim.models.model import AbstractModel
from flashsim.models.transport import transported
from flashsim.nets import MLP

Solver = Literal["euler", "midpoint", "heun"]
Coupling = Literal["independent", "optimal-transport"]
SHORTENING = 1.4
"""Step k of n ends at 1 - (1 - k/n)^1.4. Resolution of the spectrometer, three midpoint steps: two-sample AUC
0.560 with an exponent of 1, 0.527 with 1.4, 0.557 with 2.
"""


@final
class FlowMatching(AbstractModel):
    """A continuous flow, trained without simulating it (Lipman et al. 2023, arXiv:2210.02747).

    The velocity turns standard normal noise x₀ into the targets x₁ along

        x_t = cos(πt/2) x₀ + sin(πt/2) x₁,    v = π/2 (cos(πt/2) x₁ − sin(πt/2) x₀)

    (the trigonometric interpolant of Albergo & Vanden-Eijnden 2023, arXiv:2209.15571), for which a
    standard normal target has exactly zero velocity: on scores that are nearly normal, the flow only has
    to learn what is *not*, and a few solver steps are enough. They are shorter towards the data, where the
    fine structure is, and the velocity is learnt at the times at which the solver asks for it and no others.
    """

    velocity: MLP
    noise: int = eqx.field(static=True)
    solver: Solver = eqx.field(static=True)
    steps: int = eqx.field(static=True)
    coupling: Coupling = eqx.field(static=True, default="independent")

    @staticmethod
    def create(
        conditions: int,
        targets: int,
        *,
        width: int,
        depth: int,
        solver: Solver,
        steps: int,
        coupling: Coupling = "independent",
        key: PRNGKeyArray,
    ) -> "FlowMatching":
        """An untrained flow of `targets` dimensions."""
        velocity = MLP(conditions + targets + 3, targets, width=width, depth=depth, key=key)
        return FlowMatching(velocity=velocity, noise=targets, solver=solver, steps=steps, coupling=coupling)

    @property
    def grid(self) -> tuple[float, ...]:
        """The ends of the solver's steps, from 0 (noise) to 1 (data)."""
        return tuple(1 - (1 - index / self.steps) ** SHORTENING for index in range(self.steps + 1))

    @property
    def times(self) -> tuple[float, ...]:
        """When the solver asks for the velocity, without repetition."""
        match self.solver:
            case "euler":
                return self.grid[:-1]
            case "midpoint":
                return tuple(time for start, end in pairwise(self.grid) for time in (start, (start + end) / 2))
            case "heun":
                return self.grid

    def rate(
        self, state: Float[Array, " targets"], time: Float[Array, ""], conditions: Float[Array, " conditions"]
    ) -> Float[Array, " targets"]:
        """The velocity dx/dt at `time` between 0 (noise) and 1 (data)."""
        return self.velocity(jnp.concatenate([state, _clock(time), conditions]))

    def loss(
        self,
        conditions: Float[Array, "objects conditions"],
        targets: Float[Array, "objects targets"],
        key: PRNGKeyArray,
    ) -> Float[Array, " objects"]:
        """The squared error of the velocity, a mean over the outputs."""
        key_time, key_noise = jax.random.split(key)
        times = jnp.asarray(self.times)
        # In turn, so that every batch holds all times in equal parts.
        turn = jnp.arange(targets.shape[0]) + jax.random.randint(key_time, (), 0, len(times))
        time = times[turn % len(times)]
        noise = jax.random.normal(key_noise, targets.shape)
        if self.coupling == "optimal-transport":
            noise = transported(noise, targets, conditions)
        cosine, sine = jnp.cos(jnp.pi / 2 * time)[:, None], jnp.sin(jnp.pi / 2 * time)[:, None]
        wanted = jnp.pi / 2 * (cosine * targets - sine * noise)
        predicted = jax.vmap(self.rate)(cosine * noise + sine * targets, time, conditions)
        return jnp.mean((predicted - wanted) ** 2, axis=1)

    def sample(
        self, conditions: Float[Array, " conditions"], noise: Float[Array, " noise"]
    ) -> Float[Array, " targets"]:
        """The flow's end point from `noise`, by a fixed number of unrolled solver steps."""
        velocity = self.velocity.with_last_inputs(conditions)

        def rate(state: Array, time: float) -> Array:
            return velocity(jnp.concatenate([state, _clock(jnp.asarray(time))]))

        state = noise
        for start, end in pairwise(self.grid):
            state = _advance(rate, state, start, end, self.solver)
        return state


def _clock(time: Float[Array, ""]) -> Float[Array, "3"]:
    """The time as a network reads it."""
    angle = jnp.pi / 2 * time
    return jnp.stack([2 * time - 1, jnp.cos(angle), jnp.sin(angle)])


def _advance(rate: Callable[[Array, float], Array], state: Array, start: float, end: float, solver: Solver) -> Array:
    step, first = end - start, rate(state, start)
    match solver:
        case "euler":
            return state + step * first
        case "midpoint":
            return state + step * rate(state + 0.5 * step * first, (start + end) / 2)
        case "heun":
            return state + 0.5 * step * (first + rate(state + step * first, end))
