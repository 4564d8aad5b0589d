"""Generator, critic and referee on one batch: the losses of the players, put together from their parts."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.nn import softplus
from jaxtyping import Array, Float, PRNGKeyArray

from flashsim.models.adversarial.auxiliary import Auxiliary
from flashsim.models.adversarial.objectives import AbstractObjective
from flashsim.models.adversarial.regularisers import AbstractRegulariser
from flashsim.models.generator import Generator
from flashsim.models.model import AbstractLearner
from flashsim.models.player import Player
from flashsim.nets import Network, SpectrallyNormalised

Conditions = Float[Array, "objects conditions"]
Targets = Float[Array, "objects targets"]
Weights = Float[Array, " objects"]
Judged = Float[Array, "objects outputs"]


@dataclass(frozen=True)
class Rules:
    """How the players play: steps and rates, Adam's decays, and what is added to their losses."""

    critic_steps: int = 1
    generator_rate: float = 1.0
    critic_rate: float = 1.0
    momentum: tuple[float, float] = (0.5, 0.999)
    injected_noise: float = 0.0
    feature_matching: float = 0.0


@final
class Adversary(AbstractLearner):
    """A generator and those who judge it. Only the generator is kept.

    Every object of a batch serves as full simulation and, with the same conditions, as generated one: critic and
    generator are compared at equal conditions and weights, and nothing of a batch is left out.
    """

    generator: Generator
    critic: Network | SpectrallyNormalised
    referee: Network | None
    auxiliary: Auxiliary | None
    objective: AbstractObjective
    regulariser: AbstractRegulariser
    rules: Rules = eqx.field(static=True)

    @property
    def players(self) -> tuple[Player, ...]:
        """The critic, the generator, and the referee if there is one."""
        rules = self.rules
        of_critic: dict[str, Any] = {"rate": rules.critic_rate, "momentum": rules.momentum}
        players = (
            Player(
                "critic",
                part=lambda model: model.critic,
                loss=Adversary.critic_loss,
                steps=rules.critic_steps,
                project=_settled(self.regulariser),
                **of_critic,
            ),
            Player(
                "generator",
                part=lambda model: model.generator,
                loss=Adversary.generator_loss,
                rate=rules.generator_rate,
                momentum=rules.momentum,
            ),
        )
        if self.referee is None:
            return players
        return (*players, Player("referee", lambda model: model.referee, Adversary.referee_loss, **of_critic))

    def loss(self, conditions: Conditions, targets: Targets, key: PRNGKeyArray) -> Weights:
        """The energy score of the generator: a loss of a critic says little of how good the generator is."""
        return self.generator.loss(conditions, targets, key)

    def critic_loss(
        self, conditions: Conditions, targets: Targets, weights: Weights, key: PRNGKeyArray
    ) -> Float[Array, ""]:
        """The objective's loss of the critic, and the penalty."""
        key, key_penalty = jax.random.split(key)
        objects = self._objects(conditions, targets, key)
        real, generated, other = (self._judge(conditions, one) for one in objects)
        potential = jax.vmap(self.objective.potential)
        losses = jax.vmap(self.objective.critic)(potential(real, other), potential(generated, other))

        def penalty(c: Array, y: Array, g: Array, other: Array, key: PRNGKeyArray) -> Array:
            def of(y: Array) -> Array:
                return self.objective.potential(self.critic(self._view(c, y)), other)

            return self.regulariser.penalty(of, y, g, key)

        keys = jax.random.split(key_penalty, len(weights))
        penalties = jax.vmap(penalty)(conditions, objects[0], objects[1], other, keys)
        # A limit on slopes holds wherever there are objects, also those of negative weight, where a negative
        # penalty would reward steepness without end.
        certain = jnp.abs(weights)
        return jnp.mean(weights * losses) + jnp.sum(certain * penalties) / (jnp.sum(certain) + 1e-12)

    def generator_loss(
        self, conditions: Conditions, targets: Targets, weights: Weights, key: PRNGKeyArray
    ) -> Float[Array, ""]:
        """The objective's loss of the generator; with feature matching of means (Salimans et al. 2016)."""
        objects = self._objects(conditions, targets, key)
        losses = jax.vmap(self.objective.generator)(*(self._judge(conditions, one) for one in objects))
        loss = jnp.mean(weights * losses)
        if self.rules.feature_matching:
            real, generated = (self._hidden(conditions, one) for one in objects[:2])
            apart = jnp.mean(weights[:, None] * (real - generated), axis=0)
            loss = loss + self.rules.feature_matching * jnp.sum(apart**2)
        return loss

    def referee_loss(
        self, conditions: Conditions, targets: Targets, weights: Weights, key: PRNGKeyArray
    ) -> Float[Array, ""]:
        """The binary cross-entropy of a bystander: log 2 = 0.693 when it cannot tell the two apart."""
        assert self.referee is not None
        generated = self._generate(conditions, key)
        of_real, of_generated = (
            jax.vmap(self.referee)(jax.vmap(self._view)(conditions, one))[:, 0] for one in (targets, generated)
        )
        return jnp.mean(weights * 0.5 * (softplus(-of_real) + softplus(of_generated)))

    def _objects(self, conditions: Conditions, targets: Targets, key: PRNGKeyArray) -> tuple[Targets, Targets, Targets]:
        """Full, generated, and generated once more, as the critic sees them. What an objective leaves aside, XLA
        does not compute.
        """
        first, second, key = jax.random.split(key, 3)
        objects = (targets, self._generate(conditions, first), self._generate(conditions, second))
        noise = self.rules.injected_noise
        if not noise:
            return objects
        real, generated, other = (
            one + noise * jax.random.normal(k, one.shape)
            for one, k in zip(objects, jax.random.split(key, 3), strict=True)
        )
        return real, generated, other

    def _generate(self, conditions: Conditions, key: PRNGKeyArray) -> Targets:
        noise = jax.random.normal(key, (len(conditions), self.generator.noise))
        return jax.vmap(self.generator.sample)(conditions, noise)

    def _view(self, conditions: Float[Array, " conditions"], scores: Float[Array, " targets"]) -> Array:
        """What a judge reads of one object."""
        seen = [conditions, scores]
        if self.auxiliary is not None:
            seen.append(self.auxiliary(conditions, scores))
        return jnp.concatenate(seen)

    def _judge(self, conditions: Conditions, scores: Targets) -> Judged:
        return jax.vmap(self.critic)(jax.vmap(self._view)(conditions, scores))

    def _hidden(self, conditions: Conditions, scores: Targets) -> Float[Array, "objects width"]:
        return jax.vmap(self.critic.hidden)(jax.vmap(self._view)(conditions, scores))


def _settled(regulariser: AbstractRegulariser) -> Callable[[Any], Any]:
    """What follows each step of the critic."""

    def settle(critic: Network | SpectrallyNormalised) -> Network | SpectrallyNormalised:
        critic = regulariser.project(critic)
        return critic.advanced() if isinstance(critic, SpectrallyNormalised) else critic

    return settle
