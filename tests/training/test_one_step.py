"""A one-step model: its teacher's map in one evaluation, and none of the teacher in what is kept."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from flashsim.card import OneStepModel, Teacher, Training
from flashsim.models import Distillation, FlowMatching, OneStep, Standardised, create_model
from flashsim.nets import named_arrays, with_named_arrays
from flashsim.training import TrainingData, fit
from flashsim.training.distillation import train_one_step

CONDITIONS, TARGETS = 2, 2
SETTINGS = Training(epochs=10, batch=512, learning_rate=8e-3)


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
    student = OneStep.create(CONDITIONS, TARGETS, width=64, depth=2, key=jax.random.key(1))
    lessons = Distillation.of(student, teacher)
    trained, _ = fit(lessons, data(20_000, 0), data(2000, 1), SETTINGS.model_copy(update={"epochs": 30}))
    conditions = jnp.asarray(data(5000, 2).conditions)
    noise = jax.random.normal(jax.random.key(3), (5000, TARGETS))
    wanted = jax.vmap(teacher.sample)(conditions, noise)
    moved = np.sqrt(np.mean((wanted - noise) ** 2))
    missed = np.sqrt(np.mean((jax.vmap(trained.student.sample)(conditions, noise) - wanted) ** 2))
    assert moved > 0.5
    assert missed < 0.06 * moved


def test_lessons_change_nothing_of_the_teacher(teacher: FlowMatching):
    """Neither do weight decay and the average of the weights."""
    student = OneStep.create(CONDITIONS, TARGETS, width=8, depth=1, key=jax.random.key(1))
    settings = SETTINGS.model_copy(update={"epochs": 1, "weight_decay": 0.5})
    trained, _ = fit(Distillation.of(student, teacher), data(2000, 0), data(500, 1), settings)
    before, after = named_arrays(teacher), named_arrays(trained.teacher.model())
    assert before.keys() == after.keys()
    for name, array in before.items():
        np.testing.assert_array_equal(after[name], array)


def test_a_perfect_student_has_no_loss_and_an_untrained_one_the_way_of_the_noise(teacher: FlowMatching):
    sample = data(500, 0)
    student = OneStep.create(CONDITIONS, TARGETS, width=8, depth=1, key=jax.random.key(1))
    conditions, targets, key = jnp.asarray(sample.conditions), jnp.asarray(sample.targets), jax.random.key(2)
    assert jnp.max(Distillation.of(student, student).loss(conditions, targets, key)) == 0.0
    noise = jax.random.normal(key, targets.shape)
    way = jnp.mean((jax.vmap(teacher.sample)(conditions, noise) - noise) ** 2, axis=1)
    np.testing.assert_allclose(Distillation.of(student, teacher).loss(conditions, targets, key), way, rtol=1e-4)


def test_the_energy_score_of_draws_with_the_right_distribution_is_its_closed_form():
    """In one dimension E|x − y| of standard normal x, y is 2/√π: half of it is left."""
    student = OneStep.create(1, 1, width=4, depth=1, key=jax.random.key(0))
    targets = jax.random.normal(jax.random.key(1), (100_000, 1))
    score = student.loss(jnp.zeros((100_000, 1)), targets, jax.random.key(2))
    assert float(score.mean()) == pytest.approx(1 / np.sqrt(np.pi), abs=0.01)
    shifted = student.loss(jnp.zeros((100_000, 1)), targets + 0.3, jax.random.key(2))
    assert shifted.mean() > score.mean() + 0.01


@pytest.fixture
def options() -> OneStepModel:
    return OneStepModel(family="one-step", width=8, depth=1, epochs=2, teacher=Teacher(width=8, depth=1, steps=1))


def run(options: OneStepModel, **arguments):
    settings = Training(epochs=3, batch=256)
    reports = {"checkpoint": None, "report": None, "teacher_report": None} | arguments
    return train_one_step(options, data(1000, 0), data(300, 1), settings, **reports)


def test_a_release_holds_the_student_and_its_location_and_scale(options: OneStepModel):
    model, history = run(options)
    assert isinstance(model, Standardised)
    assert isinstance(model.model, OneStep)
    assert len(history) == options.epochs
    empty = create_model(options, CONDITIONS, TARGETS, jax.random.key(9))
    restored = with_named_arrays(empty, named_arrays(model), origin="test")
    noise = jax.random.normal(jax.random.key(3), (7, TARGETS))
    draw = jax.vmap(model.sample)(jnp.zeros((7, CONDITIONS)), noise)
    np.testing.assert_array_equal(draw, jax.vmap(restored.sample)(jnp.zeros((7, CONDITIONS)), noise))


def test_lessons_that_were_stopped_go_on_and_end_with_the_same_bits(options: OneStepModel, tmp_path):
    whole, _ = run(options)

    def stop(epoch):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(options, checkpoint=tmp_path, report=stop)
    lessons, teachers = [], []
    resumed, _ = run(options, checkpoint=tmp_path, report=lessons.append, teacher_report=teachers.append)
    assert ([epoch.epoch for epoch in lessons], teachers) == ([2], [])
    for name, array in named_arrays(whole).items():
        np.testing.assert_array_equal(named_arrays(resumed)[name], array)
