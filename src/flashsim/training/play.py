"""One epoch: every player takes its gradient steps on every batch, in one compiled call."""

from functools import cache
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int, PRNGKeyArray

from flashsim.card import Training
from flashsim.models import AbstractLearner, Player
from flashsim.random import permutation

Rows = tuple[Float[Array, "rows conditions"], Float[Array, "rows targets"], Float[Array, " rows"]]
Optimisers = tuple[optax.GradientTransformation, ...]


class TrainingState(eqx.Module):
    """Everything that an epoch changes, and so everything that a checkpoint holds."""

    model: AbstractLearner
    average: AbstractLearner
    best: AbstractLearner
    optimisers: tuple[Any, ...]  # optax's own PyTrees, one a player
    step: Int[Array, ""]

    @staticmethod
    def first(model: AbstractLearner, players: tuple[Player, ...], optimisers: Optimisers) -> "TrainingState":
        """The state before the first step."""
        started = tuple(
            optimiser.init(eqx.filter(player.part(model), eqx.is_inexact_array))
            for player, optimiser in zip(players, optimisers, strict=True)
        )
        return TrainingState(model, model, model, started, jnp.zeros((), jnp.int32))


def optimiser_of(player: Player, settings: Training, steps_an_epoch: int) -> optax.GradientTransformation:
    """AdamW on gradients clipped to norm 1, with a rate that rises and then falls as a cosine."""
    steps = settings.epochs * steps_an_epoch * player.steps
    rate, warmup = settings.learning_rate * player.rate, round(settings.warmup * steps)
    return _adamw(rate, warmup, steps, player.momentum, settings.weight_decay)


@cache  # one object for the same numbers: an epoch is compiled for each object
def _adamw(
    rate: float, warmup: int, steps: int, momentum: tuple[float, float], weight_decay: float
) -> optax.GradientTransformation:
    schedule = optax.warmup_cosine_decay_schedule(
        init_value=0.0, peak_value=rate, warmup_steps=warmup, decay_steps=steps, end_value=0.0
    )
    return optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(schedule, *momentum, weight_decay=weight_decay))


@eqx.filter_jit
def run_epoch(
    state: TrainingState,
    rows: Rows,
    key: PRNGKeyArray,
    players: tuple[Player, ...],
    optimisers: Optimisers,
    batch: int,
    decay: float,
) -> tuple[TrainingState, Float[Array, " players"]]:
    """The state after one pass over the rows in random order, and the mean loss of each player."""
    objects = rows[0].shape[0]
    key_order, key_loss = jax.random.split(key)
    steps = objects // batch
    order = permutation(key_order, objects)[: steps * batch].reshape(steps, batch)
    dynamic, static = eqx.partition(state, eqx.is_array)
    # Every player's last turn has number 0: they see the same random numbers, of which what is common is computed once.
    turns = [(index, left) for index, player in enumerate(players) for left in reversed(range(player.steps))]
    most = max(player.steps for player in players)

    def step(dynamic: TrainingState, indices: Int[Array, " batch"]) -> tuple[TrainingState, Array]:
        state = eqx.combine(dynamic, static)
        chosen = (rows[0][indices], rows[1][indices], rows[2][indices])
        model, memories, losses = state.model, list(state.optimisers), [jnp.zeros(())] * len(players)
        keys = [jax.random.fold_in(key_loss, state.step * most + left) for left in range(most)]
        for index, left in turns:
            model, memories[index], losses[index] = _play(
                model, players[index], optimisers[index], memories[index], chosen, keys[left]
            )
        # An average over few steps at first: the untrained weights are forgotten at once.
        kept = jnp.minimum(decay, (1 + state.step) / (10 + state.step))
        average = jax.tree.map(
            lambda a, b: kept * a + (1 - kept) * b if eqx.is_inexact_array(a) else a, state.average, model
        )
        new = TrainingState(model, average, state.best, tuple(memories), state.step + 1)
        return eqx.filter(new, eqx.is_array), jnp.stack(losses)

    dynamic, losses = jax.lax.scan(step, dynamic, order)
    return eqx.combine(dynamic, static), jnp.mean(losses, axis=0)


def _play(
    model: AbstractLearner,
    player: Player,
    optimiser: optax.GradientTransformation,
    memory: Any,
    rows: Rows,
    key: PRNGKeyArray,
) -> tuple[AbstractLearner, Any, Float[Array, ""]]:
    """One gradient step of one player, on its own part."""
    part = player.part(model)

    def loss_of(part: Any) -> Array:
        return player.loss(eqx.tree_at(player.part, model, part), *rows, key)

    loss, gradients = eqx.filter_value_and_grad(loss_of)(part)
    updates, memory = optimiser.update(gradients, memory, eqx.filter(part, eqx.is_inexact_array))
    moved = player.project(eqx.apply_updates(part, updates))
    return eqx.tree_at(player.part, model, moved), memory, loss


@eqx.filter_jit
def held_out_loss(model: AbstractLearner, rows: Rows, key: PRNGKeyArray) -> Float[Array, ""]:
    """The weighted mean loss. Always with the same key: its noise is then the same from epoch to epoch."""
    conditions, targets, weights = rows
    return jnp.sum(weights * model.loss(conditions, targets, key)) / jnp.sum(weights)
