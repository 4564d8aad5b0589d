"""Laws of every family: one table of constructors, adding a family adds a line."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from flashsim.card import (
    AdversarialModel,
    ClassifierModel,
    FlowMatchingModel,
    MaskedAutoregressiveModel,
    OneStepModel,
    SplineAutoregressiveModel,
    SplineCouplingModel,
    Training,
)
from flashsim.models import CategoricalClassifier, FlowMatching, LocationScale, Standardised, create_model
from flashsim.nets import MLP, MaskedMLP, Residual, mapped, named_arrays, together, with_named_arrays
from flashsim.training.data import TrainingData
from flashsim.training.loop import fit

CONDITIONS, TARGETS = 5, 3

MODELS = {
    "classifier": ClassifierModel(family="classifier", width=16, depth=2),
    "flow-matching midpoint": FlowMatchingModel(family="flow-matching", width=16, depth=2, solver="midpoint", steps=2),
    "flow-matching heun": FlowMatchingModel(family="flow-matching", width=16, depth=2, solver="heun", steps=2),
    "flow-matching euler": FlowMatchingModel(family="flow-matching", width=16, depth=2, solver="euler", steps=4),
    "flow-matching transport": FlowMatchingModel(
        family="flow-matching", width=16, depth=2, steps=2, coupling="optimal-transport"
    ),
    "spline-coupling": SplineCouplingModel(family="spline-coupling", width=16, depth=2, layers=3, bins=5),
    "masked-autoregressive": MaskedAutoregressiveModel(family="masked-autoregressive", width=16, depth=2, layers=3),
    "spline-autoregressive": SplineAutoregressiveModel(family="spline-autoregressive", width=16, layers=2, bins=5),
    # One generator whatever the algorithm; the players of each are in test_adversarial.py.
    "wgan-gp": AdversarialModel(family="wgan-gp", width=16, depth=2),
    "bce-gan residual": AdversarialModel(family="bce-gan", width=16, depth=3, residual=True, latent=8),
    "one-step": OneStepModel(family="one-step", width=16, depth=2),
}


@pytest.fixture(params=MODELS, ids=str, scope="module")
def model(request: pytest.FixtureRequest):
    untrained = create_model(MODELS[request.param], CONDITIONS, TARGETS, jax.random.key(0))
    # The networks moved away from their start, where the last layers are zero.
    keys = iter(jax.random.split(jax.random.key(1), 100))

    def moved(part):
        if not is_network(part):
            return part
        return jax.tree.map(lambda leaf: leaf + 0.1 * jax.random.normal(next(keys), leaf.shape), part)

    return jax.tree.map(moved, untrained, is_leaf=is_network)


def is_network(part) -> bool:
    return isinstance(part, MLP | MaskedMLP | Residual)


@eqx.filter_jit
def sampled(model, conditions, noise):
    return jax.vmap(model.sample)(conditions, noise)


@eqx.filter_jit
def loss_of(model, conditions, targets):
    return model.loss(conditions, targets, jax.random.key(4))


def draw(model, objects: int = 1024):
    """Of one shape, where the number of objects is not the point: compiled once."""
    conditions = jax.random.normal(jax.random.key(2), (objects, CONDITIONS))
    noise = jax.random.normal(jax.random.key(3), (objects, model.noise))
    return conditions, noise, sampled(model, conditions, noise)


def test_a_sample_is_finite_and_has_the_shape_of_the_targets(model):
    _, _, samples = draw(model)
    assert samples.shape == (1024, TARGETS)
    assert jnp.isfinite(samples).all()


def test_a_sample_is_finite_for_extreme_noise(model):
    conditions = jnp.full((1024, CONDITIONS), 5.0)
    noise = 8.0 * jnp.where(jnp.arange(1024)[:, None] < 512, 1.0, -1.0) * jnp.ones((1, model.noise))
    assert jnp.isfinite(sampled(model, conditions, noise)).all()


def test_an_object_does_not_depend_on_its_neighbours(model):
    conditions, noise, samples = draw(model)
    changed = sampled(model, conditions.at[1:].set(0.0), noise.at[1:].set(0.0))
    np.testing.assert_array_equal(np.asarray(samples[0]), np.asarray(changed[0]))


@pytest.mark.parametrize("objects", [2, 1000])
def test_bits_do_not_depend_on_the_batch(model, objects: int):
    conditions, noise, samples = draw(model)
    fewer = sampled(model, conditions[:objects], noise[:objects])
    np.testing.assert_allclose(np.asarray(fewer), np.asarray(samples[:objects]), rtol=1e-5, atol=1e-5)


def test_the_loss_is_one_finite_number_an_object(model):
    conditions, _, samples = draw(model)
    loss = loss_of(model, conditions, samples)
    assert loss.shape == (1024,)
    assert jnp.isfinite(loss).all()


def test_gradients_reach_every_network(model):
    """A location and scale are trained first and then left alone: each part by its own loss."""
    conditions, _, samples = draw(model)
    for part in (model.base, model.model) if isinstance(model, Standardised) else (model,):
        gradients = eqx.filter_jit(eqx.filter_grad(lambda m: jnp.mean(loss_of(m, conditions, samples))))(part)
        reached = {name: np.any(gradient != 0) for name, gradient in named_arrays(gradients).items()}
        assert all(reached[name] for name in reached if "weights" in name or "biases" in name), reached


def test_members_side_by_side_have_the_losses_that_they_have_alone(model):
    conditions, _, samples = draw(model)
    other = jax.tree.map(lambda leaf: 1.1 * leaf if eqx.is_inexact_array(leaf) else leaf, model)
    found = mapped(loss_of, 2, (eqx.if_array(0), None, None))(together([model, other]), conditions, samples)
    alone = jnp.stack([loss_of(one, conditions, samples) for one in (model, other)])
    np.testing.assert_allclose(found, alone, rtol=1e-3, atol=1e-3)


def test_parameters_survive_names_and_arrays(model):
    empty = jax.tree.map(lambda leaf: jnp.zeros_like(leaf) if eqx.is_array(leaf) else leaf, model)
    restored = with_named_arrays(empty, named_arrays(model), origin="test")
    np.testing.assert_array_equal(np.asarray(draw(model)[2]), np.asarray(draw(restored)[2]))


def test_classes_are_drawn_with_their_probabilities():
    classifier = CategoricalClassifier.create(2, 3, width=4, depth=1, key=jax.random.key(0))
    wanted = jnp.array([0.7, 0.25, 0.05])
    classifier = eqx.tree_at(lambda m: m.net.biases[-1], classifier, jnp.log(wanted))
    noise = jax.random.normal(jax.random.key(1), (100_000, 1))
    drawn = jax.vmap(classifier.sample)(jnp.zeros((100_000, 2)), noise)
    np.testing.assert_array_equal(np.asarray(drawn.sum(axis=1)), 1.0)
    error = np.sqrt(wanted * (1 - wanted) / 100_000)
    assert (np.abs(np.asarray(drawn.mean(axis=0)) - wanted) < 4 * error).all()


def test_an_untrained_flow_is_the_standard_normal():
    """The trigonometric path has zero velocity for a Gaussian: what is not learnt stays Gaussian."""
    flow = FlowMatching.create(2, 3, width=8, depth=2, solver="midpoint", steps=2, key=jax.random.key(0))
    noise = jax.random.normal(jax.random.key(1), (50, 3))
    np.testing.assert_allclose(jax.vmap(flow.sample)(jnp.zeros((50, 2)), noise), noise, atol=1e-6)


def test_the_loss_of_a_perfect_flow_of_a_gaussian_is_its_closed_form():
    """With zero velocity, E|v|² = (π/2)² E[(cos x₁ − sin x₀)²] = π²/4."""
    flow = FlowMatching.create(2, 3, width=8, depth=2, solver="midpoint", steps=2, key=jax.random.key(0))
    targets = jax.random.normal(jax.random.key(1), (100_000, 3))
    loss = flow.loss(jnp.zeros((100_000, 2)), targets, jax.random.key(2))
    assert float(loss.mean()) == pytest.approx(np.pi**2 / 4, abs=0.03)


def test_a_location_and_scale_leave_standard_normal_scores_and_are_undone_exactly():
    random = np.random.default_rng(0)
    conditions = jnp.asarray(random.normal(size=(20_000, 2)), jnp.float32)
    targets = jnp.asarray(3 + 5 * random.standard_t(3, size=(20_000, 3)), jnp.float32)
    base = LocationScale.create(2, 3, width=8, depth=2, key=jax.random.key(0))
    base = base.with_remainder(conditions, targets, jnp.ones(20_000))
    scores = base.standardise(conditions, targets)
    np.testing.assert_allclose(scores.mean(axis=0), 0.0, atol=0.02)
    np.testing.assert_allclose(scores.std(axis=0), 1.0, atol=0.02)
    np.testing.assert_allclose(jax.vmap(base.restore)(conditions, scores), targets, rtol=1e-4, atol=1e-3)


def test_outputs_stay_in_the_range_of_training_and_a_little_beyond():
    targets = jnp.linspace(-1.0, 1.0, 1000)[:, None]
    conditions = jnp.zeros((1000, 2))
    base = LocationScale.create(2, 1, width=8, depth=2, key=jax.random.key(0))
    base = base.with_remainder(conditions, targets, jnp.ones(1000))
    # A network that gives a scale e⁵ times too large.
    base = eqx.tree_at(lambda m: m.net.biases[-1], base, jnp.array([0.0, 0.0, 5.0]))
    drawn = jax.vmap(base.sample)(conditions[:2], jnp.array([[1.0], [-1.0]]))
    np.testing.assert_allclose(drawn[:, 0], [1.1, -1.1], atol=1e-5)


@pytest.mark.parametrize(("solver", "evaluations"), [("euler", 3), ("midpoint", 6), ("heun", 4)])
def test_the_velocity_is_learnt_at_the_times_of_the_solver(solver, evaluations: int):
    """From noise at 0 in ever shorter steps to the data at 1."""
    flow = FlowMatching.create(2, 3, width=8, depth=2, solver=solver, steps=3, key=jax.random.key(0))
    steps = np.diff(flow.grid)
    assert (flow.grid[0], flow.grid[-1]) == (0.0, 1.0)
    assert (np.diff(steps) < 0).all()
    assert len(set(flow.times)) == len(flow.times) == evaluations
    assert set(flow.grid[:-1]) <= set(flow.times)


def test_inputs_that_are_known_change_nothing():
    net = MLP(7, 3, width=16, depth=2, key=jax.random.key(0))
    net = eqx.tree_at(lambda m: m.weights[-1], net, jnp.ones((16, 3)))
    values = jax.random.normal(jax.random.key(1), (7,))
    np.testing.assert_allclose(net.with_last_inputs(values[3:])(values[:3]), net(values), rtol=1e-5)


def test_a_location_is_as_precise_where_it_is_small():
    """Locations from e⁻¹⁰ to 1 with 1 % of noise. In units of the largest, 20 % of the smallest is 10⁻⁵."""
    random = np.random.default_rng(0)
    conditions = random.uniform(-1, 1, (20_000, 1)).astype(np.float32)
    location = np.exp(5 * conditions - 5)
    targets = (location * (1 + 0.01 * random.normal(size=conditions.shape))).astype(np.float32)
    base = LocationScale.create(1, 1, width=32, depth=2, key=jax.random.key(0))
    data = TrainingData(conditions, targets, np.ones(20_000, np.float32))
    base, _ = fit(base, data, data, Training(epochs=20, batch=256, learning_rate=8e-3))
    found, _ = jax.vmap(base.location_and_log_scale)(jnp.asarray(conditions))
    relative = np.abs(np.asarray(found) / location - 1)[:, 0]
    assert np.median(relative[conditions[:, 0] < -0.8]) < 0.2
    assert np.median(relative[conditions[:, 0] > 0.8]) < 0.02
