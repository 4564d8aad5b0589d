"""The one training loop: epochs, early stopping, checkpoints; the weights are averaged."""

import hashlib
import math
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar, cast

import equinox as eqx
import jax
import jax.numpy as jnp

from flashsim.card import Training
from flashsim.errors import FlashSimError
from flashsim.models import AbstractLearner
from flashsim.nets import named_arrays
from flashsim.training.checkpoint import load_checkpoint, save_checkpoint
from flashsim.training.data import TrainingData
from flashsim.training.play import Rows, TrainingState, held_out_loss, optimiser_of, run_epoch


@dataclass(frozen=True)
class Epoch:
    """What one epoch came to: the mean loss of each player, and the held-out loss of the averaged weights."""

    epoch: int
    losses: dict[str, float]
    validation: float
    rows_per_second: float

    @property
    def training(self) -> float:
        """The loss of the first player."""
        return next(iter(self.losses.values()))


AnyLearner = TypeVar("AnyLearner", bound=AbstractLearner)
Report = Callable[[Epoch], None]


def fit(
    model: AnyLearner,
    training: TrainingData,
    validation: TrainingData,
    settings: Training,
    *,
    checkpoint: Path | None = None,
    report: Report | None = None,
) -> tuple[AnyLearner, tuple[Epoch, ...]]:
    """Train `model`; return the averaged weights of the best epoch and the history.

    With `checkpoint`, a folder, the state is saved after every epoch, and a run that finds a state
    there goes on from it: with the same bits at the end as one that was never stopped.
    Raises FlashSimError when the loss is no longer finite.
    """
    batch = min(settings.batch, training.objects)
    players = model.players
    optimisers = tuple(optimiser_of(player, settings, training.objects // batch) for player in players)
    state = TrainingState.first(model, players, optimisers)
    history: list[Epoch] = []
    fingerprint = _fingerprint(model, training, validation, settings)
    if checkpoint is not None:
        state, history = load_checkpoint(checkpoint, state, fingerprint, Epoch)
    rows, held_out = _rows(training), _rows(validation)
    root = jax.random.key(settings.seed)
    while not _finished(history, settings):
        number, start = len(history), time.perf_counter()
        key = jax.random.fold_in(root, number)
        state, found = run_epoch(state, rows, key, players, optimisers, batch, settings.ema)
        held = float(held_out_loss(state.average, held_out, root))
        losses = dict(zip((player.name for player in players), map(float, found), strict=True))
        if not all(map(math.isfinite, (*losses.values(), held))):
            shown = ", ".join(f"{name} {loss}" for name, loss in losses.items())
            raise FlashSimError(
                f"the loss of epoch {number + 1} is not finite ({shown}, validation {held}): "
                f"lower `training.learning_rate` (now {settings.learning_rate}) or look for outliers"
            )
        if not history or held < min(epoch.validation for epoch in history):
            state = eqx.tree_at(lambda s: s.best, state, state.average)
        seconds = time.perf_counter() - start
        history.append(Epoch(number + 1, losses, held, training.objects // batch * batch / seconds))
        if checkpoint is not None:
            save_checkpoint(checkpoint, state, history, fingerprint)
        if report is not None:
            report(history[-1])
    return cast(AnyLearner, state.best), tuple(history)


def _fingerprint(model: AbstractLearner, training: TrainingData, validation: TrainingData, settings: Training) -> str:
    """What a run's result depends on: a checkpoint of anything else is of another run."""
    digest = hashlib.sha256(f"{version('flashsim')} {settings.model_dump_json()}".encode())
    digest.update(f"{training.fingerprint()} {validation.fingerprint()}".encode())
    # The settings of the model that are no arrays, such as the steps of a solver; addresses differ in every process.
    digest.update(re.sub(" at 0x[0-9a-f]+", "", eqx.tree_pformat(model)).encode())
    for name, array in named_arrays(model).items():
        digest.update(f"{name}{array.shape}{array.dtype}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def _rows(data: TrainingData) -> Rows:
    return jnp.asarray(data.conditions), jnp.asarray(data.targets), jnp.asarray(data.weights)


def _finished(history: list[Epoch], settings: Training) -> bool:
    if len(history) >= settings.epochs:
        return True
    if not history:
        return False
    best = min(history, key=lambda epoch: epoch.validation)
    return len(history) - best.epoch >= settings.patience
