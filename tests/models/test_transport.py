"""Noise coupled to its targets: nearer than by chance, and still standard normal whatever the conditions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from flashsim.card import Training
from flashsim.models import FlowMatching
from flashsim.models.transport import CELL, transported
from flashsim.training import TrainingData, fit

_transported = jax.jit(transported)
NOTHING = jnp.zeros((1024, 1))


def normal(seed: int, columns: int, objects: int = 1024) -> jax.Array:
    return jax.random.normal(jax.random.key(seed), (objects, columns))


def cost(noise, targets) -> float:
    return float(jnp.mean(jnp.sum((noise - targets) ** 2, axis=1)))


@pytest.mark.parametrize("objects", [20, 64, 1000])
def test_the_noise_is_in_another_order_and_nothing_else(objects: int):
    noise, targets, conditions = normal(0, 3, objects), normal(1, 3, objects), normal(2, 1, objects)
    given = np.asarray(_transported(noise, targets, conditions))
    assert sorted(map(tuple, given.tolist())) == sorted(map(tuple, np.asarray(noise).tolist()))


def test_in_one_dimension_a_cell_is_sorted_as_optimal_transport_is():
    noise, targets = normal(0, 1, CELL), normal(1, 1, CELL)
    given = _transported(noise, targets, NOTHING[:CELL])[:, 0]
    np.testing.assert_array_equal(np.argsort(given), np.argsort(targets[:, 0]))


def test_a_cell_costs_little_more_than_the_exact_assignment():
    ours, exact = 0.0, 0.0
    for seed in range(8):
        noise, targets = normal(seed, 3, CELL), normal(100 + seed, 3, CELL)
        distances = np.sum((np.asarray(noise)[:, None] - np.asarray(targets)[None]) ** 2, axis=2)
        exact += distances[linear_sum_assignment(distances)].sum() / CELL
        ours += cost(_transported(noise, targets, NOTHING[:CELL]), targets)
    assert exact < ours < 1.1 * exact


def test_without_conditions_the_cost_falls_far_below_that_of_chance():
    """E|x₀ − x₁|² = 2 D by chance."""
    noise, targets = normal(0, 2), normal(1, 2)
    assert cost(noise, targets) == pytest.approx(4.0, rel=0.1)
    assert cost(_transported(noise, targets, NOTHING), targets) < 0.8


@pytest.mark.parametrize("kind", ["classes", "numbers"])
def test_noise_is_standard_normal_given_the_conditions(kind: str):
    """Targets follow the condition: the optimal assignment over all objects would give noise the same shift."""
    conditions = normal(2, 1) if kind == "numbers" else jnp.sign(normal(2, 1))
    noise, targets = normal(0, 2), conditions + 0.5 * normal(1, 2)
    naive = _transported(noise, targets, NOTHING)
    ours = _transported(noise, targets, conditions)

    def correlation(given) -> float:
        return float(np.corrcoef(np.asarray(given[:, 0]), np.asarray(conditions[:, 0]))[0, 1])

    assert correlation(naive) > 0.4
    # By chance 1 / √1024.
    assert abs(correlation(ours) - correlation(noise)) < 0.04
    residual = targets - conditions
    assert cost(ours, residual) < 0.7 * cost(noise, residual)


def test_noise_does_not_cross_from_class_to_class():
    conditions = jnp.stack([jnp.arange(1024) % 3 == index for index in range(3)], axis=1).astype(jnp.float32)
    noise = normal(0, 2)
    given = np.asarray(_transported(noise, conditions[:, :2], conditions))
    for index in range(3):
        np.testing.assert_array_equal(np.sort(given[index::3], axis=0), np.sort(np.asarray(noise)[index::3], axis=0))


def test_a_flow_so_trained_draws_the_right_conditional_distribution():
    """Two classes at ±2 with width 1/2: with noise assigned over both, half of it would never be seen by either."""
    random = np.random.default_rng(0)
    conditions = random.choice([-1.0, 1.0], (10_000, 1)).astype(np.float32)
    targets = (2 * conditions + 0.5 * random.normal(size=(10_000, 1))).astype(np.float32)
    data = TrainingData(conditions, targets, np.ones(10_000, np.float32))
    flow = FlowMatching.create(
        1, 1, width=24, depth=2, solver="midpoint", steps=3, coupling="optimal-transport", key=jax.random.key(0)
    )
    flow, _ = fit(flow, data, data, Training(epochs=10, batch=512, learning_rate=1e-2))
    drawn = jax.jit(jax.vmap(flow.sample))(jnp.ones((10_000, 1)), normal(3, 1, 10_000))
    np.testing.assert_allclose(drawn.mean(), 2.0, atol=0.05)
    np.testing.assert_allclose(drawn.std(), 0.5, rtol=0.1)
