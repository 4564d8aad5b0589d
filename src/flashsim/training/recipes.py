"""How each kind of model is trained: which parts in which order."""

from pathlib import Path

import jax.numpy as jnp
import numpy as np

from flashsim.card import Training
from flashsim.models import AbstractModel, CategoricalClassifier, LocationScale, Standardised
from flashsim.training.calibration import calibrated
from flashsim.training.data import TrainingData
from flashsim.training.loop import Epoch, Report, fit

History = tuple[Epoch, ...]


def train_model(
    model: AbstractModel,
    training: TrainingData,
    validation: TrainingData,
    settings: Training,
    *,
    checkpoint: Path | None,
    report: Report | None,
    calibrate: bool,
) -> tuple[AbstractModel, History]:
    """Train a model of any family, with the parts that it is made of; return it and its history."""
    match model:
        case Standardised():
            return _train_standardised(model, training, validation, settings, checkpoint, report)
        case CategoricalClassifier():
            trained, history = fit(model, training, validation, settings, checkpoint=checkpoint, report=report)
            assert isinstance(trained, CategoricalClassifier)
            return (calibrated(trained, validation) if calibrate else trained), history
        case _:
            return fit(model, training, validation, settings, checkpoint=checkpoint, report=report)


def _train_standardised(
    model: Standardised,
    training: TrainingData,
    validation: TrainingData,
    settings: Training,
    checkpoint: Path | None,
    report: Report | None,
) -> tuple[AbstractModel, History]:
    """The location and scale first; then the model, on what they leave."""
    folders = (None, None) if checkpoint is None else (checkpoint / "base", checkpoint / "model")
    base, _ = fit(model.base, training, validation, settings, checkpoint=folders[0])
    base = base.with_remainder(
        jnp.asarray(training.conditions), jnp.asarray(training.targets), jnp.asarray(training.weights)
    )
    scores = [_scores(base, part) for part in (training, validation)]
    trained, history = fit(model.model, scores[0], scores[1], settings, checkpoint=folders[1], report=report)
    return Standardised.of(base, trained), history


def _scores(base: LocationScale, data: TrainingData) -> TrainingData:
    scores = base.standardise(jnp.asarray(data.conditions), jnp.asarray(data.targets))
    return TrainingData(data.conditions, np.asarray(scores), data.weights)
