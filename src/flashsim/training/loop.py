"""The one training loop: epochs, early stopping, checkpoints; the weights are averaged."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from flashsim.card import Training
from flashsim.errors import FlashSimError
from flashsim.nets import apart, mapped, together
from flashsim.training.checkpoint import load_checkpoint, save_checkpoint
from flashsim.training.data import TrainingData
from flashsim.training.epoch import Epoch
from flashsim.training.member import AnyLearner, Member, fingerprint, rows_of
from flashsim.training.play import TrainingState, held_out_loss, optimiser_of, run_epoch
from flashsim.training.stopping import Stopping, stopping

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
    """Train one `model`; return the averaged weights of the best epoch and the history, as `fit_members` does."""
    alone = Member(model, training, validation, settings.seed)
    (trained,), history = fit_members([alone], settings, checkpoint=checkpoint, report=report)
    return trained, history


def fit_members(
    members: Sequence[Member[AnyLearner]],
    settings: Training,
    *,
    checkpoint: Path | None = None,
    report: Report | None = None,
) -> tuple[tuple[AnyLearner, ...], tuple[Epoch, ...]]:
    """Train learners that are alike but for their numbers side by side; return the averaged weights of the best
    epoch of each, and the history of all.

    An epoch of all members is one compiled call on an accelerator; on a CPU they take turns. A member ends as it would
    alone, up to rounding: it has its own weights, optimisers, order of rows, noise and best epoch. Training stops
    when no member gets better.

    With `checkpoint`, a folder, the state is saved after every epoch, and a run that finds a state
    there goes on from it: with the same bits at the end as one that was never stopped.
    Raises FlashSimError when a loss is no longer finite.
    """
    count, objects = len(members), members[0].training.objects
    batch = min(settings.batch, objects)
    players = members[0].model.players
    optimisers = tuple(optimiser_of(player, settings, objects // batch) for player in players)
    state = together([TrainingState.first(member.model, players, optimisers) for member in members])
    history: list[Epoch] = []
    name = fingerprint(members, settings)
    if checkpoint is not None:
        state, history = load_checkpoint(checkpoint, state, name, Epoch)
    rows, row_axes = rows_of([member.training for member in members])
    held_out, held_out_axes = rows_of([member.validation for member in members])
    roots = together([jax.random.key(member.seed) for member in members])
    of_each, fold_in = eqx.if_array(0), mapped(jax.random.fold_in, count, (0, None))
    run = mapped(run_epoch, count, (of_each, row_axes, 0, None, None, None, None))
    judge = mapped(held_out_loss, count, (of_each, held_out_axes, 0))
    keep = mapped(_keep, count, (of_each, 0))
    while len(history) < settings.epochs and (going := _going(history, settings, count)).any():
        number, start = len(history), time.perf_counter()
        keys = fold_in(roots, jnp.asarray(number, jnp.uint32))
        state, found = run(state, rows, keys, players, optimisers, batch, settings.ema)
        held = np.asarray(judge(state.average, held_out, roots), dtype=np.float64).reshape(count)
        losses = np.asarray(found, dtype=np.float64).reshape(count, len(players))
        _require_finite(number, [player.name for player in players], losses[going], held[going], settings)
        seconds = time.perf_counter() - start
        mean = dict(zip((player.name for player in players), losses.mean(axis=0).tolist(), strict=True))
        rows_read = count * (objects // batch * batch)
        history.append(Epoch(number + 1, mean, held.tolist(), rows_read / seconds))
        better = _standing(history, settings).best == number + 1
        state = keep(state, jnp.asarray(better.reshape(roots.shape)))
        if checkpoint is not None:
            save_checkpoint(checkpoint, state, history, name)
        if report is not None:
            report(history[-1])
    return cast("tuple[AnyLearner, ...]", apart(state.best, count)), tuple(history)


def best_epochs(history: Sequence[Epoch], settings: Training) -> list[int]:
    """The epoch whose weights were kept, of each member."""
    return _standing(history, settings).best.tolist()


def _standing(history: Sequence[Epoch], settings: Training) -> Stopping:
    return stopping(np.array([epoch.held_out for epoch in history]), settings.patience)


def _going(history: Sequence[Epoch], settings: Training, members: int) -> Bool[np.ndarray, " members"]:
    """Which members may still get better: what the others come to meanwhile does not matter."""
    return ~_standing(history, settings).ended if history else np.ones(members, bool)


@eqx.filter_jit
def _keep(state: TrainingState, better: Bool[Array, ""]) -> TrainingState:
    """With the averaged weights as the best ones, where they are."""
    best = jax.tree.map(
        lambda new, old: jnp.where(better, new, old) if eqx.is_array(new) else old, state.average, state.best
    )
    return eqx.tree_at(lambda s: s.best, state, best)


def _require_finite(
    number: int,
    players: list[str],
    losses: Float[np.ndarray, "members players"],
    held: Float[np.ndarray, " members"],
    settings: Training,
) -> None:
    for found, validation in zip(losses, held, strict=True):
        if not np.isfinite([*found, validation]).all():
            shown = ", ".join(f"{name} {loss}" for name, loss in zip(players, found, strict=True))
            raise FlashSimError(
                f"the loss of epoch {number + 1} is not finite ({shown}, validation {validation}): "
                f"lower `training.learning_rate` (now {settings.learning_rate}) or look for outliers"
            )
