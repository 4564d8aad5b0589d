"""Train the stages of a card, one after the other."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float

from flashsim.card import Card, Of, Stage
from flashsim.errors import FlashSimError
from flashsim.events import EventBatch
from flashsim.models import create_model
from flashsim.stages import (
    ConditionColumn,
    Namespace,
    condition_columns,
    conditions,
    require_finite,
    sample_weights,
)
from flashsim.training.data import TrainingData
from flashsim.training.epoch import Epoch
from flashsim.training.external import external_file, external_response
from flashsim.training.loop import best_epochs
from flashsim.training.member import Member
from flashsim.training.outputs import fit_outputs, latent, learnt
from flashsim.training.recipes import train_models
from flashsim.training.reporter import reporter_of
from flashsim.training.trained_stage import Progress, Response, TrainedStage
from flashsim.transforms import Columns, Conditions, OneHot, Transform, UnorderedCategory, fit_conditions

Report = Callable[[Progress], None]
MINIMUM_OBJECTS = 5
"""Fewer selected objects than this, in the training or the validation part, train nothing at all."""


def train_stages(
    card: Card,
    training: EventBatch | None,
    validation: EventBatch | None,
    *,
    checkpoints: Path | None = None,
    report: Report | None = None,
) -> tuple[TrainedStage, ...]:
    """Every stage of the card, trained on `training` and stopped on `validation`; those whose models are brought along
    as they are, for which no sample is needed.

    A stage's conditions come from the full simulation, also those that an earlier stage predicts.
    With `checkpoints`, a folder, a run that was stopped goes on where it was.
    """
    namespaces = tuple(Namespace(card, batch) for batch in (training, validation) if batch is not None)
    # All are prepared before one is trained: a sample or a file that cannot be used is refused at once.
    prepared: list[Prepared | TrainedStage] = []
    # A column of generated objects may have other classes than that of unmatched ones.
    classes: dict[Of, dict[str, tuple[int, ...]]] = {"generated": {}, "unmatched": {}, "events": {}}
    for stage in card.stages:
        columns = condition_columns(card, stage, classes["events"] | classes[stage.of])
        if stage.is_external:
            prepared.append(brought := _brought_along(card, stage, columns))
            classes[stage.of] |= {name: brought.classes for name in brought.outputs if brought.classes}
        else:
            prepared.append(learnt := _prepare(card, stage, columns, namespaces))
            classes[stage.of] |= _classes(stage, learnt.outputs)
    return tuple(
        stage
        if isinstance(stage, TrainedStage)
        else _train_stage(stage, None if checkpoints is None else checkpoints / stage.stage.name, report)
        for stage in prepared
    )


def _brought_along(card: Card, stage: Stage, columns: tuple[ConditionColumn, ...]) -> TrainedStage:
    """A stage that needs no training, its file checked."""
    response = external_response(card, stage, columns, external_file(card, stage))
    try:
        response.model.check()
    except FlashSimError as error:
        raise FlashSimError(f"stage {stage.name!r}: {error}") from None
    return TrainedStage(stage, columns, stage.predicted_names, response.classes, (response,))


@dataclass(frozen=True)
class Prepared:
    """A stage with its data in latent space, and the transforms that brought them there."""

    stage: Stage
    columns: tuple[ConditionColumn, ...]
    conditions: Conditions
    outputs: Transform
    training: TrainingData
    validation: TrainingData

    @property
    def classes(self) -> tuple[int, ...]:
        """The values of a category; none for a response."""
        return self.outputs.classes if isinstance(self.outputs, OneHot) else ()


def _prepare(
    card: Card,
    stage: Stage,
    columns: tuple[ConditionColumn, ...],
    namespaces: tuple[Namespace, ...],
) -> Prepared:
    rows = [_selected(stage, namespace, part) for namespace, part in zip(namespaces, PARTS, strict=True)]
    inputs = [conditions(namespace, columns, r) for namespace, r in zip(namespaces, rows, strict=True)]
    for matrix, namespace, r, part in zip(inputs, namespaces, rows, PARTS, strict=True):
        require_finite(stage, matrix, [column.name for column in columns], namespace, r, f"{part} sample")
    weights = [_weights(card, namespace, r) for namespace, r in zip(namespaces, rows, strict=True)]
    is_category = np.array([column.value is not None for column in columns])
    input_map = fit_conditions(inputs[0], is_category, [column.name for column in columns])
    values = [learnt(stage, namespace, r) for namespace, r in zip(namespaces, rows, strict=True)]
    output_map = fit_outputs(stage, values[0], weights[0])
    targets = [latent(output_map, columns, stage.training.seed) for columns in values]
    data = [
        TrainingData(np.asarray(eqx.filter_jit(Conditions.forward)(input_map, jnp.asarray(i))), t, w)
        for i, t, w in zip(inputs, targets, weights, strict=True)
    ]
    return Prepared(stage, columns, input_map, output_map, *data)


def _train_stage(prepared: Prepared, checkpoint: Path | None, report: Report | None) -> TrainedStage:
    stage, training, validation = prepared.stage, prepared.training, prepared.validation
    widths = training.conditions.shape[1], training.targets.shape[1]
    untrained = [
        Member(create_model(stage.model, *widths, jax.random.key(seed)), training, validation, seed)
        for seed in stage.seeds
    ]
    models, history = train_models(
        untrained, stage, prepared.outputs, checkpoint=checkpoint, reporter=reporter_of(stage.name, report)
    )
    members = tuple(Response(prepared.conditions, model, prepared.outputs) for model in models)
    summary = _summary(models, stage, training, validation, history)
    return TrainedStage(stage, prepared.columns, stage.predicted_names, prepared.classes, members, summary)


def _classes(stage: Stage, outputs: Transform) -> dict[str, tuple[int, ...]]:
    """The values of every category that a stage predicts: as a condition of later ones it is a flag for each."""
    if isinstance(stage.predict, str):
        return {stage.predict: outputs.classes} if isinstance(outputs, OneHot) else {}
    parts = outputs.parts if isinstance(outputs, Columns) else ()
    return {
        name: tuple(int(value) for value in part.classes[0])
        for name, part in zip(stage.predict, parts, strict=True)
        if isinstance(part, UnorderedCategory)
    }


PARTS = ("train", "validation")
KINDS: dict[Of, str] = {"generated": "objects", "unmatched": "unmatched objects", "events": "events"}


def _selected(stage: Stage, namespace: Namespace, part: str) -> Bool[np.ndarray, " objects"]:
    rows = namespace.rows(stage)
    if rows.sum() < MINIMUM_OBJECTS:
        every = int(namespace.of(stage.of).sum())
        raise FlashSimError(
            f"stage {stage.name!r}: where = {stage.where!r} selects {int(rows.sum())} of {every} {KINDS[stage.of]} in "
            f"the {part} sample; at least {MINIMUM_OBJECTS} are needed: widen `where`, or bring a larger sample"
        )
    return rows


def _weights(card: Card, namespace: Namespace, rows: Bool[np.ndarray, " objects"]) -> Float[np.ndarray, " selected"]:
    weights = sample_weights(card, namespace)
    if weights is None:
        return np.ones(int(rows.sum()), dtype=np.float32)
    weights = weights[rows]
    if not weights.mean() > 0:
        raise FlashSimError(
            f"sample.weight = {card.sample.weight!r}: the selected weights add up to {weights.sum():.4g}; "
            "their sum must be positive"
        )
    return (weights / weights.mean()).astype(np.float32)


def _summary(
    models: tuple[Any, ...], stage: Stage, training: TrainingData, validation: TrainingData, history: tuple[Epoch, ...]
) -> dict[str, Any]:
    best = best_epochs(history, stage.training)
    held_out = [history[epoch - 1].held_out[member] for member, epoch in enumerate(best)]
    return {
        "training_objects": training.objects,
        "validation_objects": validation.objects,
        "members": len(models),
        "parameters": sum(leaf.size for leaf in jax.tree.leaves(eqx.filter(models, eqx.is_array))),
        "epochs": len(history),
        "best_epochs": best,
        "validation_loss": float(np.mean(held_out)),
        "member_losses": held_out,
        "training_losses": [epoch.training for epoch in history],
        "player_losses": {name: [epoch.losses[name] for epoch in history] for name in history[0].losses},
        "validation_losses": [epoch.validation for epoch in history],
    }
