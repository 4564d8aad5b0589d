"""A one-step generator is trained in two parts: a flow, and the generator on the flow."""

from dataclasses import replace
from pathlib import Path

import jax
import numpy as np

from flashsim.card import OneStepModel, Training
from flashsim.models import Distillation, FlowMatching, Generator
from flashsim.training.data import TrainingData
from flashsim.training.loop import Epoch, fit
from flashsim.training.reporter import Reporter


def train_one_step(
    student: Generator,
    options: OneStepModel,
    training: TrainingData,
    validation: TrainingData,
    settings: Training,
    *,
    checkpoint: Path | None,
    reporter: Reporter,
) -> tuple[Generator, tuple[Epoch, ...]]:
    """The student after the lessons of its teacher, and their history; the teacher is not kept."""
    folders = (None, None) if checkpoint is None else (checkpoint / "teacher", checkpoint / "student")
    taught = options.teacher
    teacher = FlowMatching.create(
        training.conditions.shape[1],
        training.targets.shape[1],
        width=taught.width,
        depth=taught.depth,
        solver=taught.solver,
        steps=taught.steps,
        key=jax.random.fold_in(jax.random.key(settings.seed), 1),
    )
    teacher, _ = fit(
        teacher,
        training,
        validation,
        settings,
        checkpoint=folders[0],
        report=reporter("teacher", settings.epochs),
    )
    lessons, history = fit(
        Distillation(student, teacher),
        training,
        _of_equal_weight(validation),
        settings.model_copy(update={"epochs": options.epochs}),
        checkpoint=folders[1],
        report=reporter("", options.epochs),
    )
    return lessons.student, history


def _of_equal_weight(data: TrainingData) -> TrainingData:
    return replace(data, weights=np.ones_like(data.weights))
