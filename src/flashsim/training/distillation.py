"""A one-step generator is trained in two parts: a flow, and the generator on the flow."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import jax
import numpy as np

from flashsim.card import OneStepModel, TeacherModel, Training
from flashsim.models import AbstractModel, Distillation, Generator, create_response
from flashsim.training.data import TrainingData
from flashsim.training.epoch import Epoch
from flashsim.training.loop import fit_members
from flashsim.training.member import Member
from flashsim.training.reporter import Reporter


def train_one_step(
    students: Sequence[Member[Generator]],
    options: OneStepModel,
    settings: Training,
    *,
    checkpoint: Path | None,
    reporter: Reporter,
) -> tuple[tuple[Generator, ...], tuple[Epoch, ...]]:
    """The students after the lessons of their teachers, one each, and their history; the teachers are not kept."""
    folders = (None, None) if checkpoint is None else (checkpoint / "teacher", checkpoint / "student")
    teachers, _ = fit_members(
        [_teacher(student, options.teacher) for student in students],
        settings,
        checkpoint=folders[0],
        report=reporter("teacher", settings.epochs),
    )
    lessons, history = fit_members(
        [_lessons(student, teacher) for student, teacher in zip(students, teachers, strict=True)],
        settings.model_copy(update={"epochs": options.epochs}),
        checkpoint=folders[1],
        report=reporter("", options.epochs),
    )
    return tuple(one.student for one in lessons), history


def _teacher(student: Member[Generator], taught: TeacherModel) -> Member[AbstractModel]:
    widths = student.training.conditions.shape[1], student.training.targets.shape[1]
    key = jax.random.fold_in(jax.random.key(student.seed), 1)
    return student.of(create_response(taught, *widths, key))


def _lessons(student: Member[Generator], teacher: AbstractModel) -> Member[Distillation]:
    lessons, held_out = Distillation(student.model, teacher), _of_equal_weight(student.validation)
    return Member(lessons, student.training, held_out, student.seed)


def _of_equal_weight(data: TrainingData) -> TrainingData:
    return replace(data, weights=np.ones_like(data.weights))
