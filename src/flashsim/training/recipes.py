"""How each kind of model is trained: which parts in which order."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np

from flashsim.card import AdversarialModel, OneStepModel, Stage
from flashsim.models import AbstractModel, CategoricalClassifier, LocationScale, Standardised
from flashsim.training.adversarial import train_adversarial
from flashsim.training.calibration import calibrated
from flashsim.training.data import TrainingData
from flashsim.training.distillation import train_one_step
from flashsim.training.epoch import Epoch
from flashsim.training.loop import fit_members
from flashsim.training.member import Member
from flashsim.training.reporter import Reporter, silent
from flashsim.transforms import Transform

History = tuple[Epoch, ...]
Models = tuple[AbstractModel, ...]


def train_models(
    members: Sequence[Member],
    stage: Stage,
    outputs: Transform,
    *,
    checkpoint: Path | None,
    reporter: Reporter = silent,
) -> tuple[Models, History]:
    """Train the members of a stage, of any family, with the parts that they are made of; return the trained models and
    their history.

    `outputs` brings the stage's targets back to physical units.
    """
    if isinstance(members[0].model, Standardised):
        return _train_standardised(members, stage, outputs, checkpoint, reporter)
    settings = stage.training
    trained, history = fit_members(members, settings, checkpoint=checkpoint, report=reporter("", settings.epochs))
    if stage.calibrate:
        trained = tuple(
            calibrated(model, member.training, member.validation) if isinstance(model, CategoricalClassifier) else model
            for model, member in zip(trained, members, strict=True)
        )
    return trained, history


def _train_standardised(
    members: Sequence[Member[Standardised]],
    stage: Stage,
    outputs: Transform,
    checkpoint: Path | None,
    reporter: Reporter,
) -> tuple[Models, History]:
    """The location and scale first; then the model, on what they leave.

    Each member has a location and a scale of its own: most of what is uncertain is in them.
    """
    settings = stage.training
    folders = (None, None) if checkpoint is None else (checkpoint / "base", checkpoint / "model")
    told = reporter("location and scale", settings.epochs)
    fitted: Sequence[LocationScale] = [member.model.base for member in members]  # location 0, scale 1
    if stage.location_and_scale:
        of_bases = [member.of(member.model.base) for member in members]
        fitted, _ = fit_members(of_bases, settings, checkpoint=folders[0], report=told)
    bases = [_with_remainder(base, member.training) for base, member in zip(fitted, members, strict=True)]
    on_scores: list[Member[Any]] = [
        Member(member.model.model, _scores(base, member.training), _scores(base, member.validation), member.seed)
        for base, member in zip(bases, members, strict=True)
    ]
    match stage.model:
        case AdversarialModel() as options:
            trained, history = train_adversarial(
                on_scores, options, bases, stage, outputs, checkpoint=folders[1], reporter=reporter
            )
        case OneStepModel() as options:
            trained, history = train_one_step(on_scores, options, settings, checkpoint=folders[1], reporter=reporter)
        case _:
            told = reporter("", settings.epochs)
            trained, history = fit_members(on_scores, settings, checkpoint=folders[1], report=told)
    return tuple(map(Standardised.of, bases, trained)), history


def _with_remainder(base: LocationScale, data: TrainingData) -> LocationScale:
    return base.with_remainder(jnp.asarray(data.conditions), jnp.asarray(data.targets), jnp.asarray(data.weights))


def _scores(base: LocationScale, data: TrainingData) -> TrainingData:
    scores = eqx.filter_jit(LocationScale.standardise)(base, jnp.asarray(data.conditions), jnp.asarray(data.targets))
    return TrainingData(data.conditions, np.asarray(scores), data.weights)
