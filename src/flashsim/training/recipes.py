"""How each kind of model is trained: which parts in which order."""

from pathlib import Path

import jax.numpy as jnp
import numpy as np

from flashsim.card import AdversarialModel, OneStepModel, Stage
from flashsim.models import AbstractModel, CategoricalClassifier, Generator, LocationScale, Standardised
from flashsim.training.adversarial import train_adversarial
from flashsim.training.calibration import calibrated
from flashsim.training.data import TrainingData
from flashsim.training.distillation import train_one_step
from flashsim.training.loop import Epoch, fit
from flashsim.training.reporter import Reporter, silent
from flashsim.transforms import Transform

History = tuple[Epoch, ...]


def train_model(
    model: AbstractModel,
    training: TrainingData,
    validation: TrainingData,
    stage: Stage,
    outputs: Transform,
    *,
    checkpoint: Path | None,
    reporter: Reporter = silent,
) -> tuple[AbstractModel, History]:
    """Train a model of any family, with the parts that it is made of; return it and its history.

    `outputs` brings the stage's targets back to physical units.
    """
    if isinstance(model, Standardised):
        return _train_standardised(model, training, validation, stage, outputs, checkpoint, reporter)
    settings = stage.training
    trained, history = fit(
        model, training, validation, settings, checkpoint=checkpoint, report=reporter("", settings.epochs)
    )
    if isinstance(trained, CategoricalClassifier) and stage.calibrate:
        trained = calibrated(trained, validation)
    return trained, history


def _train_standardised(
    model: Standardised,
    training: TrainingData,
    validation: TrainingData,
    stage: Stage,
    outputs: Transform,
    checkpoint: Path | None,
    reporter: Reporter,
) -> tuple[AbstractModel, History]:
    """The location and scale first; then the model, on what they leave."""
    settings = stage.training
    folders = (None, None) if checkpoint is None else (checkpoint / "base", checkpoint / "model")
    told = reporter("location and scale", settings.epochs)
    base, _ = fit(model.base, training, validation, settings, checkpoint=folders[0], report=told)
    base = base.with_remainder(
        jnp.asarray(training.conditions), jnp.asarray(training.targets), jnp.asarray(training.weights)
    )
    scores, held_out = (_scores(base, part) for part in (training, validation))
    match stage.model, model.model:
        case AdversarialModel() as options, Generator() as generator:
            trained, history = train_adversarial(
                generator, options, base, scores, held_out, stage, outputs, checkpoint=folders[1], reporter=reporter
            )
        case OneStepModel() as options, Generator() as student:
            trained, history = train_one_step(
                student, options, scores, held_out, settings, checkpoint=folders[1], reporter=reporter
            )
        case _:
            told = reporter("", settings.epochs)
            trained, history = fit(model.model, scores, held_out, settings, checkpoint=folders[1], report=told)
    return Standardised.of(base, trained), history


def _scores(base: LocationScale, data: TrainingData) -> TrainingData:
    scores = base.standardise(jnp.asarray(data.conditions), jnp.asarray(data.targets))
    return TrainingData(data.conditions, np.asarray(scores), data.weights)
