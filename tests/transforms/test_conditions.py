"""Inputs of networks: finite, smooth, and flagged where training has not been."""

import json

import jax.numpy as jnp
import numpy as np
import pytest

from flashsim.errors import FlashSimError
from flashsim.transforms import Conditions, fit_conditions
from flashsim.transforms.conditions import TABLES

NAMES = ("log10(p)", "charge", "species=11", "species=13", "species=211", "field")
IS_CATEGORY = np.array([False, False, True, True, True, False])


def sample(n: int = 5000) -> np.ndarray:
    """Two species in training; the third, 211, never occurs. The field is constant."""
    rng = np.random.default_rng(1)
    species = np.eye(3)[rng.integers(0, 2, n)]
    numbers = rng.gamma(2.0, size=n), rng.choice([-1.0, 1.0], n)
    return np.column_stack([*numbers, species, np.full(n, 4.0)])


@pytest.fixture(scope="module")
def conditions() -> Conditions:
    return fit_conditions(sample(), IS_CATEGORY, NAMES)


def row(**changes: float) -> jnp.ndarray:
    values = {"log10(p)": 2.0, "charge": 1.0, "species=11": 1.0, "species=13": 0.0, "species=211": 0.0}
    return jnp.array([list((values | {"field": 4.0} | changes).values())])


def test_numbers_become_standard_normal(conditions: Conditions) -> None:
    latent = np.asarray(conditions.forward(jnp.asarray(sample(), jnp.float32)))
    np.testing.assert_allclose(latent[:, 3].mean(), 0, atol=0.02)
    np.testing.assert_allclose(latent[:, 3].std(), 1, atol=0.02)


def test_one_hot_columns_pass_unchanged(conditions: Conditions) -> None:
    values = jnp.asarray(sample(100), jnp.float32)
    np.testing.assert_array_equal(conditions.forward(values)[:, :3], values[:, 2:5])


def test_two_values_lie_symmetrically(conditions: Conditions) -> None:
    plus = conditions.forward(row(charge=1.0))[0, 4]
    minus = conditions.forward(row(charge=-1.0))[0, 4]
    np.testing.assert_allclose([plus, minus], [0.67, -0.67], atol=0.05)


def test_a_constant_condition_becomes_zero(conditions: Conditions) -> None:
    assert conditions.forward(row())[0, 5] == 0
    assert conditions.forward(row(field=5.0))[0, 5] == 0
    assert conditions.forward(row(field=5.0))[0, -1] == 0


def test_numbers_come_once_more_on_their_own_scale(conditions: Conditions) -> None:
    """The gamma distribution of shape 2 has its median at 1.678."""
    latent = np.asarray(conditions.forward(row(**{"log10(p)": 1.678})))[0]
    assert latent.shape == (conditions.width_latent,) == (len(NAMES) + 3,)
    np.testing.assert_allclose(latent[6], 0.0, atol=0.05)


@pytest.mark.parametrize("size", [1e3, 1e30, 3.4e38])
def test_network_inputs_are_bounded_for_any_finite_value(conditions: Conditions, size: float) -> None:
    values = jnp.array([[size, -size, 0, 0, 0, size], [-size, size, 0, 0, 0, -size]])
    assert (jnp.abs(conditions.forward(values)) <= 5).all()


def test_order_is_kept(conditions: Conditions) -> None:
    values = np.tile(np.asarray(row()), (2000, 1))
    values[:, 0] = np.linspace(-5, 30, 2000)
    latent = np.asarray(conditions.forward(jnp.asarray(values)))[:, 3]
    assert (np.diff(latent) >= -1e-6).all()
    assert latent[0] == -5


def test_training_rows_are_inside_but_for_a_few_where_there_are_few(conditions: Conditions) -> None:
    assert np.mean(np.asarray(conditions.outside(jnp.asarray(sample(), jnp.float32)))) <= 1e-3


@pytest.mark.parametrize(
    "changes",
    [
        {"log10(p)": 1e3},
        {"log10(p)": -0.1},
        {"charge": 2.0},
        {"field": 4.1},
        {"species=11": 0.0},
        {"species=11": 0.0, "species=211": 1.0},
    ],
    ids=str,
)
def test_outside_the_training_range(conditions: Conditions, changes: dict[str, float]) -> None:
    assert conditions.outside(row(**changes)).tolist() == [True]
    assert conditions.outside(row()).tolist() == [False]


def test_saved_and_loaded_gives_the_same_bits(conditions: Conditions) -> None:
    loaded = Conditions.from_config(json.loads(json.dumps(conditions.to_config())), conditions.arrays())
    values = jnp.asarray(sample(500), jnp.float32)
    np.testing.assert_array_equal(loaded.forward(values), conditions.forward(values))
    np.testing.assert_array_equal(loaded.outside(values * 2), conditions.outside(values * 2))


def test_a_row_of_weight_two_equals_that_row_twice() -> None:
    values, weights = sample(300), np.resize([1, 2, 3], 300)
    weighted = fit_conditions(values, IS_CATEGORY, NAMES, weights).arrays()
    repeated = fit_conditions(np.repeat(values, weights, axis=0), IS_CATEGORY, NAMES).arrays()
    for name in TABLES:  # the density asks where rows are, not what they weigh
        np.testing.assert_allclose(weighted[name], repeated[name], rtol=1e-5)


@pytest.mark.parametrize("weights", [[9.0, -4.0], [-4.0, 9.0], [1.0, 0.0], [1e-20, 1.0]], ids=str)
def test_any_weights_with_a_positive_sum(weights: list[float]) -> None:
    values = np.array([[0.0], [1.0]])
    conditions = fit_conditions(values, np.array([False]), ["charge"], np.array(weights))
    latent = np.asarray(conditions.forward(jnp.array([[-1.0], [0.0], [1.0], [2.0]])))[:, 0]
    assert (np.diff(latent) >= 0).all()
    assert (np.abs(latent) <= 5).all()


def test_values_that_are_not_finite() -> None:
    values = sample(10)
    values[3, 1] = np.nan
    with pytest.raises(FlashSimError, match="condition 'charge': row 3: nan is not finite"):
        fit_conditions(values, IS_CATEGORY, NAMES)
