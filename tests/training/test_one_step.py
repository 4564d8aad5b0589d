"""A one-step model: its teacher's map in one evaluation, and none of the teacher in what is kept."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from flashsim.card import OneStepModel, Training
from flashsim.models import Distillation, FlowMatching, Generator
from flashsim.nets import named_arrays
from flashsim.training import Member, TrainingData, fit
from flashsim.training.distillation import train_one_step
from flashsim.training.reporter import silent

CONDITIONS, TARGETS = 2, 2
SETTINGS = Training(epochs=10, batch=512, learning_rate=8e-3)


def student_of(width: int, depth: int) -> Generator:
    key = jax.random.key(1)
    return Generator.create(CONDITIONS, TARGETS, latent=TARGETS, width=width, depth=depth, residual=False, key=key)


def data(objects: int, seed: int) -> TrainingData:
    """Two outputs on a bent line of a width that depends on the condition, nothing that is normal."""
    random = np.random.default_rng(seed)
    conditions = random.normal(size=(objects, CONDITIONS)).astype(np.float32)
    along = random.normal(size=objects)
    across = 0.3 * np.exp(0.3 * conditions[:, 0]) * random.normal(size=objects)
    targets = np.stack([along, 0.6 * along**2 - 0.6 + across], axis=1)
    return TrainingData(conditions, targets.astype(np.float32), np.ones(objects, np.float32))


@pytest.fixture(scope="module")
def teacher() -> FlowMatching:
    flow = FlowMatching.create(
        CONDITIONS, TARGETS, width=32, depth=2, solver="midpoint", steps=3, key=jax.random.key(0)
    )
    return fit(flow, data(20_000, 0), data(2000, 1), SETTINGS)[0]


def test_the_student_goes_where_the_teacher_goes(teacher: FlowMatching):
    student = student_of(64, 2)
    lessons = Distillation(student, teacher)
    trained, _ = fit(lessons, data(20_000, 0), data(2000, 1), SETTINGS.model_copy(update={"epochs": 30}))
    conditions = jnp.asarray(data(5000, 2).conditions)
    noise = jax.random.normal(jax.random.key(3), (5000, TARGETS))
    wanted = jax.vmap(teacher.sample)(conditions, noise)
    moved = np.sqrt(np.mean((wanted - noise) ** 2))
    missed = np.sqrt(np.mean((jax.vmap(trained.student.sample)(conditions, noise) - wanted) ** 2))
    assert moved > 0.5
    assert missed < 0.06 * moved


def test_a_perfect_student_has_no_loss_and_an_untrained_one_the_way_of_the_noise(teacher: FlowMatching):
    sample = data(500, 0)
    student = student_of(8, 1)
    conditions, targets, key = jnp.asarray(sample.conditions), jnp.asarray(sample.targets), jax.random.key(2)
    assert jnp.max(Distillation(student, student).loss(conditions, targets, key)) == 0.0
    noise = jax.random.normal(key, targets.shape)
    way = jnp.mean((jax.vmap(teacher.sample)(conditions, noise) - noise) ** 2, axis=1)
    np.testing.assert_allclose(Distillation(student, teacher).loss(conditions, targets, key), way, rtol=1e-4)


@pytest.fixture
def options() -> OneStepModel:
    return OneStepModel(family="one-step", width=8, depth=1, epochs=2, teacher={"width": 8, "depth": 1, "steps": 1})


def run(options: OneStepModel, **arguments):
    students, history = run_members(options, (0,), **arguments)
    return students[0], history


def run_members(options: OneStepModel, seeds: tuple[int, ...], **arguments):
    settings = Training(epochs=3, batch=256)
    told = {"checkpoint": None, "reporter": silent} | arguments
    members = [Member(student_of(8, 1), data(1000, 0), data(300, 1), seed) for seed in seeds]
    return train_one_step(members, options, settings, **told)


@pytest.mark.parametrize("teacher", [{"family": "spline-coupling", "layers": 1, "bins": 2}])
def test_the_student_alone_is_kept(options: OneStepModel, teacher: dict):
    taught = OneStepModel(family="one-step", width=8, depth=1, epochs=2, teacher={"width": 8, "depth": 1} | teacher)
    student, history = run(taught)
    assert isinstance(student, Generator)
    assert len(history) == options.epochs


def test_each_member_of_an_ensemble_has_a_teacher_of_its_own(options: OneStepModel):
    (first, second), history = run_members(options, (0, 3))
    alone, _ = run(options)
    assert all(len(epoch.held_out) == 2 for epoch in history)
    for name, array in named_arrays(first).items():
        np.testing.assert_allclose(array, named_arrays(alone)[name], atol=1e-4)
    # Their students start alike: what they learn differs.
    apart = [np.abs(array - named_arrays(second)[name]).max() for name, array in named_arrays(first).items()]
    assert max(apart) > 1e-3


def test_lessons_that_were_stopped_go_on_and_end_with_the_same_bits(options: OneStepModel, tmp_path):
    whole, _ = run(options)

    def interrupted(part: str, epochs: int):
        def stop(epoch):
            raise KeyboardInterrupt

        return None if part else stop

    with pytest.raises(KeyboardInterrupt):
        run(options, checkpoint=tmp_path, reporter=interrupted)
    told = {"teacher": [], "": []}
    resumed, _ = run(options, checkpoint=tmp_path, reporter=lambda part, epochs: told[part].append)
    assert {part: [epoch.epoch for epoch in epochs] for part, epochs in told.items()} == {"teacher": [], "": [2]}
    for name, array in named_arrays(whole).items():
        np.testing.assert_array_equal(named_arrays(resumed)[name], array)
