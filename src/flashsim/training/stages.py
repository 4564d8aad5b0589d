"""Train the stages of a card, one after the other."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Bool, Float

from flashsim.card import Card, Stage
from flashsim.errors import FlashSimError
from flashsim.events import EventBatch
from flashsim.models import CategoricalClassifier, create_model
from flashsim.stages import (
    ConditionColumn,
    Namespace,
    condition_columns,
    conditions,
    outputs,
    require_finite,
)
from flashsim.training.calibration import calibrated
from flashsim.training.data import TrainingData
from flashsim.training.loop import Epoch, fit
from flashsim.training.trained_stage import Progress, Response, TrainedStage
from flashsim.transforms import Columns, Conditions, OneHot, Transform, fit_conditions, fit_transform

Report = Callable[[Progress], None]
MINIMUM_OBJECTS = 100
"""Fewer selected objects than this train nothing that deserves the name."""


def train_stages(
    card: Card,
    training: EventBatch,
    validation: EventBatch,
    *,
    checkpoints: Path | None = None,
    report: Report | None = None,
) -> tuple[TrainedStage, ...]:
    """Every stage of the card, trained on `training` and stopped on `validation`.

    A stage's conditions come from the full simulation, also those that an earlier stage predicts.
    With `checkpoints`, a folder, a run that was stopped goes on where it was.
    """
    namespaces = Namespace(card, training), Namespace(card, validation)
    trained: list[TrainedStage] = []
    classes: dict[str, tuple[int, ...]] = {}
    for stage in card.stages:
        columns = condition_columns(card, stage, classes)
        folder = None if checkpoints is None else checkpoints / stage.name
        trained.append(_train_stage(card, stage, columns, namespaces, folder, report))
        if trained[-1].classes:
            classes[trained[-1].outputs[0]] = trained[-1].classes
    return tuple(trained)


def _train_stage(
    card: Card,
    stage: Stage,
    columns: tuple[ConditionColumn, ...],
    namespaces: tuple[Namespace, Namespace],
    checkpoint: Path | None,
    report: Report | None,
) -> TrainedStage:
    rows = [_selected(stage, namespace, part) for namespace, part in zip(namespaces, PARTS, strict=True)]
    inputs = [conditions(namespace, columns, r) for namespace, r in zip(namespaces, rows, strict=True)]
    for matrix, part in zip(inputs, PARTS, strict=True):
        require_finite(stage, matrix, [column.name for column in columns], f"{part} sample")
    weights = [_weights(card, namespace, r) for namespace, r in zip(namespaces, rows, strict=True)]
    is_category = np.array([column.value is not None for column in columns])
    input_map = fit_conditions(inputs[0], is_category, [column.name for column in columns])
    output_map, targets, classes = _targets(stage, namespaces, rows, weights[0])
    data = [
        TrainingData(np.asarray(input_map.forward(i)), t, w)
        for i, t, w in zip(inputs, targets, weights, strict=True)
    ]
    model = create_model(
        stage.model,
        data[0].conditions.shape[1],
        data[0].targets.shape[1],
        jax.random.key(stage.training.seed),
    )
    model, history = fit(
        model,
        *data,
        stage.training,
        checkpoint=checkpoint,
        report=None if report is None else _reporter(stage, report),
    )
    if isinstance(model, CategoricalClassifier) and stage.calibrate:
        model = calibrated(model, data[1])
    response = Response(input_map, model, output_map)
    summary = _summary(model, data[0], data[1], history)
    return TrainedStage(stage, columns, stage.predicted_names, classes, response, summary)


PARTS = ("train", "validation")


def _selected(stage: Stage, namespace: Namespace, part: str) -> Bool[np.ndarray, " objects"]:
    rows = namespace.selected(stage.where)
    if rows.sum() < MINIMUM_OBJECTS:
        raise FlashSimError(
            f"stage {stage.name!r}: where = {stage.where!r} selects {int(rows.sum())} of {len(rows)} objects in "
            f"the {part} sample; at least {MINIMUM_OBJECTS} are needed: widen `where`, or bring a larger sample"
        )
    return rows


def _weights(
    card: Card, namespace: Namespace, rows: Bool[np.ndarray, " objects"]
) -> Float[np.ndarray, " selected"]:
    if card.sample.weight is None:
        return np.ones(int(rows.sum()), dtype=np.float32)
    weights = namespace.evaluate(card.sample.weight)[rows].astype(np.float64)
    if not weights.mean() > 0:
        raise FlashSimError(
            f"sample.weight = {card.sample.weight!r}: the selected weights add up to {weights.sum():.4g}; "
            "their sum must be positive"
        )
    return (weights / weights.mean()).astype(np.float32)


def _targets(
    stage: Stage,
    namespaces: tuple[Namespace, Namespace],
    rows: list[Bool[np.ndarray, " objects"]],
    weights: Float[np.ndarray, " selected"],
) -> tuple[Transform, list[Float[np.ndarray, "objects targets"]], tuple[int, ...]]:
    """The outputs' transform and both parts' targets in latent space; the classes of a category."""
    if isinstance(stage.predict, str):
        values = [n[stage.predict][r].astype(np.int64) for n, r in zip(namespaces, rows, strict=True)]
        classes = tuple(int(value) for value in np.unique(values[0]))
        if len(classes) < 2:
            raise FlashSimError(
                f"stage {stage.name!r}: {stage.predict!r} is always {classes[0]} where {stage.where!r}; "
                "there is nothing to predict"
            )
        transform: Transform = OneHot(classes)
        matrices = [v[:, None].astype(np.float64) for v in values]
    else:
        found = [outputs(n, stage, r) for n, r in zip(namespaces, rows, strict=True)]
        for part, per_output in zip(PARTS, found, strict=True):
            for name, matrix in per_output.items():
                names = stage.predict[name].columns or [name]
                require_finite(stage, matrix, names, f"{part} sample")
        transform = Columns(
            tuple(
                fit_transform(
                    predicted.type,
                    found[0][name],
                    weights.astype(np.float64),
                    name=f"stage {stage.name!r}: {name}",
                    low=predicted.low,
                    high=predicted.high,
                    values=predicted.values,
                )
                for name, predicted in stage.predict.items()
            )
        )
        matrices = [np.concatenate(list(per_output.values()), axis=1) for per_output in found]
        classes = ()
    targets = [_latent(transform, matrix, stage.training.seed) for matrix in matrices]
    return transform, targets, classes


def _latent(
    transform: Transform, values: Float[np.ndarray, "objects physical"], seed: int
) -> Float[np.ndarray, "objects latent"]:
    noise = np.random.default_rng(seed).uniform(1e-6, 1 - 1e-6, (len(values), transform.width_latent))
    return np.asarray(transform.forward(values, noise), dtype=np.float32)


def _reporter(stage: Stage, report: Report) -> Callable[[Epoch], None]:
    def forward(epoch: Epoch) -> None:
        report(
            Progress(
                stage.name,
                epoch.epoch,
                stage.training.epochs,
                epoch.training,
                epoch.validation,
                epoch.rows_per_second,
            )
        )

    return forward


def _summary(
    model: Any, training: TrainingData, validation: TrainingData, history: tuple[Epoch, ...]
) -> dict[str, Any]:
    best = min(history, key=lambda epoch: epoch.validation)
    return {
        "training_objects": training.objects,
        "validation_objects": validation.objects,
        "parameters": sum(leaf.size for leaf in jax.tree.leaves(eqx.filter(model, eqx.is_array))),
        "epochs": len(history),
        "best_epoch": best.epoch,
        "validation_loss": best.validation,
        "training_losses": [epoch.training for epoch in history],
        "validation_losses": [epoch.validation for epoch in history],
    }
