"""A one-step model is trained in three parts: location and scale, a flow on what they leave, and itself on the flow."""

from dataclasses import replace
from pathlib import Path

import jax
import numpy as np

from flashsim.card import FlowMatchingModel, OneStepModel, Training
from flashsim.models import AbstractModel, Distillation, OneStep, Standardised, create_model
from flashsim.training.data import TrainingData
from flashsim.training.loop import Report, fit
from flashsim.training.recipes import History, train_model


def train_one_step(
    options: OneStepModel,
    training: TrainingData,
    validation: TrainingData,
    settings: Training,
    *,
    checkpoint: Path | None,
    report: Report | None,
    teacher_report: Report | None,
) -> tuple[AbstractModel, History]:
    """The student on its teacher's location and scale, and the history of its lessons."""
    widths = training.conditions.shape[1], training.targets.shape[1]
    keys = jax.random.split(jax.random.key(settings.seed))
    folders = (None, None) if checkpoint is None else (checkpoint / "teacher", checkpoint / "student")
    flow = FlowMatchingModel(family="flow-matching", **options.teacher.model_dump())
    teacher, _ = train_model(
        create_model(flow, *widths, keys[0]),
        training,
        validation,
        settings,
        checkpoint=folders[0],
        report=teacher_report,
        calibrate=False,
    )
    student = create_model(options, *widths, keys[1])
    assert isinstance(teacher, Standardised)
    assert isinstance(student, Standardised)
    assert isinstance(student.model, OneStep)
    distillation, history = fit(
        Distillation.of(student.model, teacher.model),
        _of_equal_weight(training),
        _of_equal_weight(validation),
        settings.model_copy(update={"epochs": options.epochs}),
        checkpoint=folders[1],
        report=report,
    )
    return Standardised.of(teacher.base, distillation.student), history


def _of_equal_weight(data: TrainingData) -> TrainingData:
    """The teacher has learnt the weights; the student follows it everywhere."""
    return replace(data, weights=np.ones_like(data.weights))
