"""Laws of the splines: increasing, smooth up to the tails, undone exactly, with the slope that autodiff finds."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from flashsim.nets.splines import LIMIT, MOST_BINS, inverse_spline, knots_of, parameters_of, spline

EVERY_SIZE = pytest.mark.parametrize("scale", [0.3, 3.0, 30.0], ids=lambda scale: f"parameters of size {scale}")
GRID = jnp.linspace(-LIMIT - 2, LIMIT + 2, 1001)
_spline, _inverse, _knots = jax.jit(spline), jax.jit(inverse_spline), jax.jit(knots_of)


def parameters(scale: float, bins: int = 8) -> jax.Array:
    """Those of one spline, for every point of the grid."""
    drawn = scale * jax.random.normal(jax.random.key(0), (parameters_of(bins),))
    return jnp.broadcast_to(drawn, (len(GRID), len(drawn)))


def test_parameters_of_zero_are_the_identity():
    mapped, log_slope = _spline(GRID, parameters(0.0))
    np.testing.assert_allclose(mapped, GRID, atol=2e-6)
    np.testing.assert_allclose(log_slope, 0.0, atol=2e-6)


@EVERY_SIZE
def test_it_increases_between_its_ends_and_is_the_identity_beyond(scale: float):
    mapped, log_slope = _spline(GRID, parameters(scale))
    assert (np.diff(mapped) > -1e-6).all()
    beyond = np.abs(GRID) >= LIMIT
    np.testing.assert_array_equal(np.asarray(mapped)[beyond], np.asarray(GRID)[beyond])
    np.testing.assert_array_equal(np.asarray(log_slope)[beyond], 0.0)
    assert np.isfinite(log_slope).all()


@pytest.mark.parametrize("scale", [0.3, 1.0])
def test_its_slope_is_continuous_at_the_tails_and_at_every_knot(scale: float):
    knots = _knots(parameters(scale)[0])
    shifts = 1e-4 * np.diff(knots.x).min() * np.array([-1.0, 1.0])
    places = jnp.concatenate([knots.x + shift for shift in shifts])
    _, log_slope = jax.jit(spline)(places, parameters(scale)[: len(places)])
    below, above = np.split(np.exp(np.asarray(log_slope)), 2)
    np.testing.assert_allclose(below, knots.slope, rtol=0.02)
    np.testing.assert_allclose(above, knots.slope, rtol=0.02)
    np.testing.assert_allclose([above[0], below[-1]], 1.0, rtol=0.02)


@pytest.mark.parametrize("scale", [0.3, 3.0])
def test_the_inverse_undoes_it(scale: float):
    """As far as float32 tells values apart: where the slope is s, to a few units of 10⁻⁶ / s, and back again × s."""
    mapped, log_slope = _spline(GRID, parameters(scale))
    back = _inverse(mapped, parameters(scale))
    again, _ = _spline(back, parameters(scale))
    assert (np.abs(back - GRID) < 4e-6 * (1 + np.exp(-np.asarray(log_slope)))).all()
    assert (np.abs(again - mapped) < 4e-6 * (1 + np.exp(np.asarray(log_slope)))).all()


@pytest.mark.parametrize("scale", [0.3, 3.0])
def test_the_logarithm_of_the_slope_is_that_of_the_derivative(scale: float):
    one = parameters(scale)[0]
    slope = jax.jit(jax.vmap(jax.grad(lambda value: spline(value, one)[0])))(GRID)
    _, log_slope = _spline(GRID, parameters(scale))
    np.testing.assert_allclose(np.log(slope), log_slope, atol=2e-3)


def test_bins_of_any_parameters_keep_a_width_and_end_where_they_should():
    extreme = 1e4 * jnp.where(jnp.arange(parameters_of(MOST_BINS)) % 3 == 0, 1.0, -1.0)
    for edges in _knots(extreme)[:2]:
        assert (np.diff(edges) > 0.9e-3 * 2 * LIMIT).all()
        assert (edges[0], edges[-1]) == (-LIMIT, LIMIT)
    mapped, log_slope = jax.jit(spline)(GRID, jnp.broadcast_to(extreme, (len(GRID), len(extreme))))
    assert np.isfinite(mapped).all()
    assert np.isfinite(log_slope).all()


def test_gradients_are_finite_everywhere_also_beyond_the_ends():
    def total(parameters: jax.Array, values: jax.Array) -> jax.Array:
        mapped, log_slope = spline(values, parameters)
        return jnp.sum(mapped) + jnp.sum(log_slope) + jnp.sum(inverse_spline(values, parameters))

    gradients = jax.jit(jax.grad(total, argnums=(0, 1)))(
        parameters(3.0), jnp.resize(jnp.array([0.0, LIMIT, -1e30]), 1001)
    )
    assert all(jnp.isfinite(gradient).all() for gradient in gradients)
