"""The trainer: it learns, it stops, it resumes with the same bits, and it respects weights."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from flashsim.card import Training
from flashsim.errors import FlashSimError
from flashsim.models import CategoricalClassifier, FlowMatching
from flashsim.nets import named_arrays
from flashsim.training import TrainingData, fit
from flashsim.training.calibration import calibrated


def data(objects: int, seed: int, weights: np.ndarray | None = None) -> TrainingData:
    """Two outputs with a mean and a width that depend on the condition."""
    random = np.random.default_rng(seed)
    conditions = random.normal(size=(objects, 2)).astype(np.float32)
    width = np.exp(0.5 * conditions[:, :1])
    targets = conditions + width * random.normal(size=(objects, 2))
    ones = np.ones(objects, np.float32)
    return TrainingData(conditions, targets.astype(np.float32), ones if weights is None else weights)


def flow(steps: int = 2) -> FlowMatching:
    return FlowMatching.create(2, 2, width=16, depth=2, solver="midpoint", steps=steps, key=jax.random.key(0))


SETTINGS = Training(epochs=4, batch=128, learning_rate=5e-3)


def equal(first, second) -> bool:
    a, b = named_arrays(first), named_arrays(second)
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


def test_it_learns_the_mean_and_the_width_given_the_conditions():
    settings = Training(epochs=15, batch=256, learning_rate=5e-3)
    model, history = fit(flow(steps=4), data(20_000, 0), data(2_000, 1), settings)
    assert history[-1].validation < history[0].validation
    conditions = np.tile(np.array([[1.0, 0.0]], np.float32), (20_000, 1))
    noise = jax.random.normal(jax.random.key(5), (20_000, 2))
    drawn = np.asarray(jax.jit(jax.vmap(model.sample))(conditions, noise))
    np.testing.assert_allclose(drawn.mean(axis=0), [1.0, 0.0], atol=0.1)
    np.testing.assert_allclose(drawn.std(axis=0), np.exp(0.5), rtol=0.1)


def test_the_same_seed_gives_the_same_bits_and_another_seed_others():
    first, _ = fit(flow(), data(1000, 0), data(200, 1), SETTINGS)
    again, _ = fit(flow(), data(1000, 0), data(200, 1), SETTINGS)
    other, _ = fit(flow(), data(1000, 0), data(200, 1), SETTINGS.model_copy(update={"seed": 1}))
    assert equal(first, again)
    assert not equal(first, other)


@pytest.mark.parametrize("stop_after", [1, 3])
def test_a_run_that_was_stopped_ends_with_the_same_bits(tmp_path, stop_after: int):
    whole, history = fit(flow(), data(1000, 0), data(200, 1), SETTINGS)

    def stop(epoch):
        if epoch.epoch == stop_after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(flow(), data(1000, 0), data(200, 1), SETTINGS, checkpoint=tmp_path, report=stop)
    epochs = []
    resumed, history_resumed = fit(
        flow(), data(1000, 0), data(200, 1), SETTINGS, checkpoint=tmp_path, report=epochs.append
    )
    assert [epoch.epoch for epoch in epochs] == list(range(stop_after + 1, 5))
    assert equal(whole, resumed)
    assert [e.validation for e in history_resumed] == [e.validation for e in history]


def test_a_checkpoint_of_other_data_or_a_damaged_one_is_not_used(tmp_path):
    fit(flow(), data(1000, 7), data(200, 1), SETTINGS, checkpoint=tmp_path)
    epochs = []
    fit(flow(), data(1000, 0), data(200, 1), SETTINGS, checkpoint=tmp_path, report=epochs.append)
    assert len(epochs) == 4
    file = tmp_path / "state.safetensors"
    file.write_bytes(file.read_bytes()[:100])
    epochs.clear()
    fit(flow(), data(1000, 0), data(200, 1), SETTINGS, checkpoint=tmp_path, report=epochs.append)
    assert len(epochs) == 4


def test_it_stops_when_the_held_out_loss_no_longer_falls():
    settings = Training(epochs=200, batch=64, learning_rate=1e-2, patience=3)
    _, history = fit(flow(), data(100, 0), data(100, 1), settings)
    best = min(history, key=lambda epoch: epoch.validation)
    assert len(history) < 200
    assert len(history) - best.epoch == 3


def test_objects_of_weight_zero_are_not_learnt():
    """Half of the sample is shifted by 5 and has weight 0; negative weights cancel another shifted part."""
    random = np.random.default_rng(0)
    targets = random.normal(size=(12_000, 2)).astype(np.float32)
    weights = np.ones(12_000, np.float32)
    targets[:4000] += 5.0
    weights[:4000] = 0.0
    targets[4000:6000] += 5.0
    targets[6000:8000] = targets[4000:6000]
    weights[6000:8000] = -1.0
    conditions = random.normal(size=(12_000, 2)).astype(np.float32)
    weights /= weights.mean()
    sample = TrainingData(conditions, targets, weights)
    model, _ = fit(flow(), sample, sample, Training(epochs=10, batch=1024, learning_rate=3e-3))
    noise = jax.random.normal(jax.random.key(5), (5000, 2))
    drawn = np.asarray(jax.vmap(model.sample)(np.zeros((5000, 2), np.float32), noise))
    np.testing.assert_allclose(drawn.mean(axis=0), 0.0, atol=0.25)


def test_a_loss_that_is_not_finite_is_an_error_that_says_what_to_do():
    sample = data(500, 0)
    targets = sample.targets.copy()
    targets[::3] = np.nan  # every batch has some
    broken = TrainingData(sample.conditions, targets, sample.weights)
    with pytest.raises(FlashSimError, match=r"epoch 1 is not finite.*learning_rate"):
        fit(flow(), broken, sample, SETTINGS)


def test_the_temperature_undoes_overconfidence():
    """Logits three times too large are divided by three."""
    random = np.random.default_rng(0)
    conditions = random.normal(size=(50_000, 1)).astype(np.float32)
    probability = 1 / (1 + np.exp(-conditions[:, 0]))
    second = random.uniform(size=50_000) < probability
    targets = np.stack([~second, second], axis=1).astype(np.float32)
    held_out = TrainingData(conditions, targets, np.ones(50_000, np.float32))
    trained, _ = fit(
        CategoricalClassifier.create(1, 2, width=8, depth=2, key=jax.random.key(0)),
        held_out,
        held_out,
        Training(epochs=6, batch=512, learning_rate=1e-2),
    )
    loud = eqx.tree_at(lambda m: (m.net.weights[-1], m.net.biases[-1]), trained, replace_fn=lambda leaf: 3 * leaf)
    temperature = float(np.exp(calibrated(loud, held_out, held_out).log_temperature))
    assert temperature == pytest.approx(3.0, rel=0.1)


def test_calibration_keeps_the_fractions_of_the_classes():
    """A network that believes what it is told, which is noise for one object in ten, has to be humbler."""
    random = np.random.default_rng(1)
    net = CategoricalClassifier.create(3, 3, width=4, depth=1, key=jax.random.key(0))
    linear = jnp.eye(3, 4) * 40, jnp.concatenate([jnp.eye(3), jnp.zeros((1, 3))]) / 40
    copies = eqx.tree_at(
        lambda m: (m.net.weights[0], m.net.weights[1]), net, linear
    )  # silu(40 x) / 40 is x, or nothing

    def sample(objects: int, fractions: list[float]) -> TrainingData:
        truth = np.eye(3)[random.choice(3, objects, p=fractions)]
        told = np.where(random.uniform(size=(objects, 1)) < 0.9, truth, np.eye(3)[random.integers(0, 3, objects)])
        return TrainingData((6 * told).astype(np.float32), truth.astype(np.float32), np.ones(objects, np.float32))

    training, held_out = sample(60_000, [0.9, 0.08, 0.02]), sample(6_000, [0.9, 0.08, 0.02])
    model = calibrated(copies, training, held_out)
    assert float(model.log_temperature) > 0.1
    logarithms = jax.vmap(model.log_probabilities)(jnp.asarray(training.conditions))
    mean = np.exp(np.asarray(logarithms, np.float64)).mean(axis=0)
    np.testing.assert_allclose(mean, training.targets.mean(axis=0), atol=1e-5)


def test_a_class_that_is_not_there_stays_possible():
    """Its fraction is zero, which no finite bias reaches."""
    sample = TrainingData(
        np.zeros((10, 1), np.float32), np.eye(3, dtype=np.float32)[[0, 1] * 5], np.ones(10, np.float32)
    )
    untrained = CategoricalClassifier.create(1, 3, width=4, depth=1, key=jax.random.key(0))
    probabilities = np.exp(np.asarray(calibrated(untrained, sample, sample).log_probabilities(jnp.zeros(1))))
    assert np.all(probabilities > 0)
    assert probabilities[0] == pytest.approx(probabilities[1])
