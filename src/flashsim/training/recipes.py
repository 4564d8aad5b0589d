"""How each kind of model is trained: which parts in which order."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from flashsim.card import AdversarialModel, Stage
from flashsim.models import (
    AbstractModel,
    Adversary,
    Auxiliary,
    CategoricalClassifier,
    Generator,
    LocationScale,
    Standardised,
    adversary,
)
from flashsim.training.calibration import calibrated
from flashsim.training.data import TrainingData
from flashsim.training.loop import Epoch, Report, fit
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
    report: Report | None,
) -> tuple[AbstractModel, History]:
    """Train a model of any family, with the parts that it is made of; return it and its history.

    `outputs` brings the stage's targets back to physical units.
    """
    settings = stage.training
    match model:
        case Standardised():
            return _train_standardised(model, training, validation, stage, outputs, checkpoint, report)
        case CategoricalClassifier():
            trained, history = fit(model, training, validation, settings, checkpoint=checkpoint, report=report)
            assert isinstance(trained, CategoricalClassifier)
            return (calibrated(trained, validation) if stage.calibrate else trained), history
        case _:
            return fit(model, training, validation, settings, checkpoint=checkpoint, report=report)


def _train_standardised(
    model: Standardised,
    training: TrainingData,
    validation: TrainingData,
    stage: Stage,
    outputs: Transform,
    checkpoint: Path | None,
    report: Report | None,
) -> tuple[AbstractModel, History]:
    """The location and scale first; then the model, on what they leave. A generator has its critic meanwhile."""
    settings = stage.training
    folders = (None, None) if checkpoint is None else (checkpoint / "base", checkpoint / "model")
    base, _ = fit(model.base, training, validation, settings, checkpoint=folders[0])
    base = base.with_remainder(
        jnp.asarray(training.conditions), jnp.asarray(training.targets), jnp.asarray(training.weights)
    )
    scores = [_scores(base, part) for part in (training, validation)]
    learner = model.model
    if isinstance(learner, Generator):
        learner = _with_critic(learner, base, scores[0], stage, outputs)
    trained, history = fit(learner, scores[0], scores[1], settings, checkpoint=folders[1], report=report)
    if isinstance(trained, Adversary):
        trained = trained.generator
    assert isinstance(trained, AbstractModel)
    return Standardised.of(base, trained), history


def _with_critic(
    generator: Generator, base: LocationScale, scores: TrainingData, stage: Stage, outputs: Transform
) -> Adversary:
    options = stage.model
    assert isinstance(options, AdversarialModel)
    auxiliary = None
    if options.auxiliary:
        auxiliary = Auxiliary.fit(
            options.auxiliary,
            stage.predicted_names,
            base,
            outputs,
            scores.conditions,
            scores.targets,
            scores.weights,
        )
    key = jax.random.fold_in(jax.random.key(stage.training.seed), 1)
    return adversary(generator, options, scores.conditions.shape[1], auxiliary, key)


def _scores(base: LocationScale, data: TrainingData) -> TrainingData:
    scores = base.standardise(jnp.asarray(data.conditions), jnp.asarray(data.targets))
    return TrainingData(data.conditions, np.asarray(scores), data.weights)
