"""Generator, critic and referee on one batch: the losses of the players, put together from their parts."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, final

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
from flashsim.random import normal

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


class Batch(NamedTuple):
    """Full and generated objects, as many of each, with conditions and weights of both one after the other."""

    conditions: Float[Array, "both conditions"]
    weights: Float[Array, " both"]
    full: Float[Array, "half targets"]
    generated: Float[Array, "half targets"]
    other: Float[Array, "half targets"]
    """Generated once more at the same conditions."""


@final
class Adversary(AbstractLearner):
    """A generator and those who judge it. Only the generator is kept.

    Half of the rows of a batch serve as full simulation, and the conditions of the others as those of generated
    objects: each judge learns from as many objects as there are rows, and the generator from half as many. Where an
    objective or a penalty compares the two at equal conditions, every row is both, for twice the work.
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
        batch = self._batch(conditions, targets, weights, key)
        objects = jnp.concatenate([batch.full, batch.generated])
        others = jnp.tile(self._judge(batch.conditions[len(batch.full) :], batch.other), (2, 1))

        def potential(points: Targets) -> Weights:
            judged = self._judge(batch.conditions[: len(points)], points)
            return jax.vmap(self.objective.potential)(judged, others[: len(points)])

        values = potential(objects)
        of_full, of_generated = jnp.split(values, 2)
        losses = [jax.vmap(self.objective.of_full)(of_full), jax.vmap(self.objective.of_generated)(of_generated)]
        # A mean for full and one for generated objects.
        loss = 2 * jnp.mean(batch.weights * jnp.concatenate(losses))
        penalties = self.regulariser.penalties(potential, objects, values, key)
        if penalties is None:
            return loss
        # An expectation, in which objects of negative weight subtract. By chance that of a batch can be negative, and
        # a critic as steep as can be would then be rewarded without end.
        return loss + jnp.maximum(jnp.mean(batch.weights[: len(penalties)] * penalties), 0)

    def generator_loss(
        self, conditions: Conditions, targets: Targets, weights: Weights, key: PRNGKeyArray
    ) -> Float[Array, ""]:
        """The objective's loss of the generator; with feature matching of means (Salimans et al. 2016)."""
        batch = self._batch(conditions, targets, weights, key)
        of_full, of_generated = jnp.split(batch.conditions, 2)
        judged = [self._judge(of_full, batch.full)]
        judged += [self._judge(of_generated, one) for one in (batch.generated, batch.other)]
        weights_full, weights_generated = jnp.split(batch.weights, 2)
        loss = jnp.mean(weights_generated * jax.vmap(self.objective.generator)(*judged))
        if self.rules.feature_matching:
            full = jnp.mean(weights_full[:, None] * self._hidden(of_full, batch.full), axis=0)
            generated = jnp.mean(weights_generated[:, None] * self._hidden(of_generated, batch.generated), axis=0)
            loss = loss + self.rules.feature_matching * jnp.sum((full - generated) ** 2)
        return loss

    def referee_loss(
        self, conditions: Conditions, targets: Targets, weights: Weights, key: PRNGKeyArray
    ) -> Float[Array, ""]:
        """The binary cross-entropy of a bystander: log 2 = 0.693 when it cannot tell the two apart."""
        assert self.referee is not None
        batch = self._batch(conditions, targets, weights, key)
        seen = jax.vmap(self._view)(batch.conditions, jnp.concatenate([batch.full, batch.generated]))
        of_full, of_generated = jnp.split(jax.vmap(self.referee)(seen)[:, 0], 2)
        return jnp.mean(batch.weights * jnp.concatenate([softplus(-of_full), softplus(of_generated)]))

    def _batch(self, conditions: Conditions, targets: Targets, weights: Weights, key: PRNGKeyArray) -> "Batch":
        """Full and generated objects as the judges see them. What an objective leaves aside, XLA does not compute.

        The same key draws the same objects, whoever asks.
        """
        rows = len(conditions)
        objects = rows if self.objective.paired or self.regulariser.paired else (rows + 1) // 2
        of_generated = conditions[rows - objects :]
        drawn = [targets[:objects], *(self._generate(of_generated, key, stream) for stream in (0, 1))]
        if self.rules.injected_noise:
            drawn = [
                one + self.rules.injected_noise * normal(key, stream, *one.shape)
                for stream, one in enumerate(drawn, start=2)
            ]
        full, generated, other = drawn
        return Batch(
            conditions=jnp.concatenate([conditions[:objects], of_generated]),
            weights=jnp.concatenate([weights[:objects], weights[rows - objects :]]),
            full=full,
            generated=generated,
            other=other,
        )

    def _generate(self, conditions: Conditions, key: PRNGKeyArray, stream: int) -> Targets:
        noise = normal(key, stream, len(conditions), self.generator.noise)
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
