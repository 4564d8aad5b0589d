"""The one training loop: jitted epochs, a schedule, early stopping, an average of the weights."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar, cast

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int, PRNGKeyArray

from flashsim.card import Training
from flashsim.errors import FlashSimError
from flashsim.models import AbstractModel
from flashsim.nets import named_arrays
from flashsim.training.checkpoint import load_checkpoint, save_checkpoint
from flashsim.training.data import TrainingData


class TrainingState(eqx.Module):
    """Everything that an epoch changes, and so everything that a checkpoint holds."""

    model: AbstractModel
    average: AbstractModel
    best: AbstractModel
    optimiser: Any  # optax's own PyTree
    step: Int[Array, ""]


@dataclass(frozen=True)
class Epoch:
    """What one epoch came to. `validation` is the held-out loss of the averaged weights."""

    epoch: int
    training: float
    validation: float
    rows_per_second: float


AnyModel = TypeVar("AnyModel", bound=AbstractModel)
Report = Callable[[Epoch], None]
Rows = tuple[Float[Array, "rows conditions"], Float[Array, "rows targets"], Float[Array, " rows"]]


def fit(
    model: AnyModel,
    training: TrainingData,
    validation: TrainingData,
    settings: Training,
    *,
    checkpoint: Path | None = None,
    report: Report | None = None,
) -> tuple[AnyModel, tuple[Epoch, ...]]:
    """Train `model`; return the averaged weights of the best epoch and the history.

    With `checkpoint`, a folder, the state is saved after every epoch, and a run that finds a state
    there goes on from it: with the same bits at the end as one that was never stopped.
    Raises FlashSimError when the loss is no longer finite.
    """
    batch = min(settings.batch, training.objects)
    optimiser = _optimiser(settings, training.objects // batch)
    parameters = eqx.filter(model, eqx.is_inexact_array)
    state = TrainingState(model, model, model, optimiser.init(parameters), jnp.zeros((), jnp.int32))
    history: list[Epoch] = []
    fingerprint = _fingerprint(model, training, validation, settings)
    if checkpoint is not None:
        state, history = load_checkpoint(checkpoint, state, fingerprint, Epoch)
    rows, held_out = _rows(training), _rows(validation)
    root = jax.random.key(settings.seed)
    while not _finished(history, settings):
        number, start = len(history), time.perf_counter()
        state, loss = _run_epoch(state, rows, jax.random.fold_in(root, number), optimiser, batch, settings.ema)
        held = float(_held_out_loss(state.average, held_out, root))
        loss = float(loss)
        if not (jnp.isfinite(loss) and jnp.isfinite(held)):
            raise FlashSimError(
                f"the loss of epoch {number + 1} is not finite (training {loss}, validation {held}): "
                f"lower `training.learning_rate` (now {settings.learning_rate}) or look for outliers"
            )
        if not history or held < min(epoch.validation for epoch in history):
            state = eqx.tree_at(lambda s: s.best, state, state.average)
        seconds = time.perf_counter() - start
        history.append(Epoch(number + 1, loss, held, training.objects // batch * batch / seconds))
        if checkpoint is not None:
            save_checkpoint(checkpoint, state, history, fingerprint)
        if report is not None:
            report(history[-1])
    return cast(AnyModel, state.best), tuple(history)


def _fingerprint(model: AbstractModel, training: TrainingData, validation: TrainingData, settings: Training) -> str:
    """What a run's result depends on: a checkpoint of anything else is of another run."""
    digest = hashlib.sha256(f"{version('flashsim')} {settings.model_dump_json()}".encode())
    digest.update(f"{training.fingerprint()} {validation.fingerprint()}".encode())
    for name, array in named_arrays(model).items():
        digest.update(f"{name}{array.shape}{array.dtype}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def _rows(data: TrainingData) -> Rows:
    return jnp.asarray(data.conditions), jnp.asarray(data.targets), jnp.asarray(data.weights)


def _optimiser(settings: Training, steps_an_epoch: int) -> optax.GradientTransformation:
    steps = settings.epochs * steps_an_epoch
    schedule = optax.warmup_cosine_decay_schedule(
        init_value=0.0,
        peak_value=settings.learning_rate,
        warmup_steps=round(settings.warmup * steps),
        decay_steps=steps,
        end_value=0.0,
    )
    return optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(schedule, weight_decay=settings.weight_decay))


def _finished(history: list[Epoch], settings: Training) -> bool:
    if len(history) >= settings.epochs:
        return True
    if not history:
        return False
    best = min(history, key=lambda epoch: epoch.validation)
    return len(history) - best.epoch >= settings.patience


@eqx.filter_jit
def _run_epoch(
    state: TrainingState,
    rows: Rows,
    key: PRNGKeyArray,
    optimiser: optax.GradientTransformation,
    batch: int,
    decay: float,
) -> tuple[TrainingState, Float[Array, ""]]:
    objects = rows[0].shape[0]
    key_order, key_loss = jax.random.split(key)
    steps = objects // batch
    order = jax.random.permutation(key_order, objects)[: steps * batch].reshape(steps, batch)
    dynamic, static = eqx.partition(state, eqx.is_array)

    def step(dynamic: TrainingState, indices: Int[Array, " batch"]) -> tuple[TrainingState, Array]:
        state = eqx.combine(dynamic, static)
        conditions, targets, weights = (column[indices] for column in rows)
        key = jax.random.fold_in(key_loss, state.step)

        def mean_loss(model: AbstractModel) -> Array:
            return jnp.mean(weights * model.loss(conditions, targets, key))

        loss, gradients = eqx.filter_value_and_grad(mean_loss)(state.model)
        parameters = eqx.filter(state.model, eqx.is_inexact_array)
        updates, optimiser_state = optimiser.update(gradients, state.optimiser, parameters)
        model = eqx.apply_updates(state.model, updates)
        # An average over few steps at first: the untrained weights are forgotten at once.
        kept = jnp.minimum(decay, (1 + state.step) / (10 + state.step))
        average = jax.tree.map(
            lambda a, b: kept * a + (1 - kept) * b if eqx.is_inexact_array(a) else a, state.average, model
        )
        new = TrainingState(model, average, state.best, optimiser_state, state.step + 1)
        return eqx.filter(new, eqx.is_array), loss

    dynamic, losses = jax.lax.scan(step, dynamic, order)
    return eqx.combine(dynamic, static), jnp.mean(losses)


@eqx.filter_jit
def _held_out_loss(model: AbstractModel, rows: Rows, key: PRNGKeyArray) -> Float[Array, ""]:
    """Always with the same key: the noise of the loss is the same from epoch to epoch."""
    conditions, targets, weights = rows
    return jnp.sum(weights * model.loss(conditions, targets, key)) / jnp.sum(weights)
