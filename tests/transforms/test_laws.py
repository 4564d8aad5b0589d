"""What every transform promises."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import kstest

from flashsim.transforms import TRANSFORMS, Transform, from_config

from .cases import CASES, Case, draw

N = 1024  # one shape, so that each transform compiles once
SHIFT = 1e-5  # of the latent: what a round trip may move it by

every = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@pytest.fixture(scope="module")
def fitted() -> dict[str, Transform]:
    return {case.name: case.fit(draw(case, N), None) for case in CASES}


def uniform(transform: Transform, n: int, seed: int = 2) -> jax.Array:
    return jax.random.uniform(jax.random.key(seed), (n, transform.width_latent), minval=1e-7)


def normal(transform: Transform, n: int, scale: float = 1.0) -> jax.Array:
    return scale * jax.random.normal(jax.random.key(3), (n, transform.width_latent))


@jax.jit
def inverse(transform: Transform, latent: jax.Array) -> jax.Array:
    return transform.inverse(latent)


@jax.jit
def _forward(transform: Transform, values: jax.Array, noise: jax.Array) -> jax.Array:
    return transform.forward(values, noise)


def forward(transform: Transform, values: np.ndarray) -> jax.Array:
    return _forward(transform, jnp.asarray(values), uniform(transform, len(values)))


def test_the_table_holds_every_transform(fitted: dict[str, Transform]) -> None:
    used = json.dumps([transform.to_config() for transform in fitted.values()])
    assert [name for name in TRANSFORMS if f'"{name}"' not in used and name != "OneHot"] == []


@every
def test_inverse_undoes_forward_on_training_data(case: Case, fitted: dict[str, Transform]) -> None:
    transform, values = fitted[case.name], draw(case, N)
    latent = forward(transform, values)
    back = np.asarray(inverse(transform, latent))
    assert back.shape == values.shape
    if case.exact:
        np.testing.assert_array_equal(back, values)
    elif case.monotone:
        slack = 4e-6 * np.abs(values) + case.absolute
        assert (np.asarray(inverse(transform, latent - SHIFT)) - slack <= values).all()
        assert (np.asarray(inverse(transform, latent + SHIFT)) + slack >= values).all()
    else:
        rows, columns = np.tril_indices(3)
        deviation = np.sqrt(values[:, rows == columns])
        np.testing.assert_allclose(
            back / (deviation[:, rows] * deviation[:, columns]),
            values / (deviation[:, rows] * deviation[:, columns]),
            atol=3e-5,
        )


@every
def test_inverse_is_finite_for_any_finite_latent(case: Case, fitted: dict[str, Transform]) -> None:
    transform = fitted[case.name]
    sizes = jnp.resize(jnp.array([0.0, 1.0, 10.0, 100.0, 1e30, 3.4e38, -1e30]), (N, 1))
    latent = jnp.where(jnp.arange(N)[:, None] < N // 2, sizes, sizes * jnp.clip(normal(transform, N), -1, 1))
    assert jnp.isfinite(inverse(transform, latent)).all()


@every
def test_forward_is_finite_outside_the_training_range(case: Case, fitted: dict[str, Transform]) -> None:
    transform = fitted[case.name]
    sizes = np.resize(np.array([0.0, 1e-30, 1e30, -1e30], dtype=np.float32), (N, 1))
    assert jnp.isfinite(forward(transform, sizes * np.ones(transform.width_physical, np.float32))).all()


@every
def test_inverse_is_monotone_where_promised(case: Case, fitted: dict[str, Transform]) -> None:
    if not case.monotone:
        return
    transform = fitted[case.name]
    limit = np.pi - 0.01 if case.name == "angle unrolled" else 12.0
    grid = jnp.linspace(-limit, limit, 8 * N)[:, None] * jnp.ones(transform.width_latent)
    pieces = [np.asarray(inverse(transform, piece)) for piece in jnp.split(grid, 8)]
    values = np.concatenate(pieces).astype(np.float64)
    falls = np.maximum.accumulate(values) - values
    assert (falls <= 3e-7 * np.abs(values)).all()


@every
def test_latent_of_unseen_data_is_normal(case: Case, fitted: dict[str, Transform]) -> None:
    if not case.normal:
        return
    transform = fitted[case.name]
    latent = np.asarray(forward(transform, draw(case, N, seed=7)))
    for column in latent.T:
        # 3.3e-4 point of the two-sample statistic: the fit has the fluctuations of its own sample.
        assert kstest(column, "norm").statistic < 2.1 * np.sqrt(2 / N)


@every
def test_a_row_of_weight_two_equals_that_row_twice(case: Case) -> None:
    values = draw(case, N)
    weights = np.resize([1, 2, 3], N)
    weighted = case.fit(values, weights).arrays()
    repeated = case.fit(np.repeat(values, weights, axis=0), None).arrays()
    assert weighted.keys() == repeated.keys()
    for name, array in weighted.items():
        np.testing.assert_allclose(array, repeated[name], rtol=2e-5, atol=1e-6 * np.abs(array).max())


@every
def test_negative_weights_keep_the_laws(case: Case) -> None:
    values = draw(case, N)
    weights = np.random.default_rng(6).normal(0.5, 1.0, N)
    transform = case.fit(values, weights)
    for array in transform.arrays().values():
        assert np.isfinite(array).all()
    assert jnp.isfinite(forward(transform, values)).all()
    latent = jnp.linspace(-6, 6, N)[:, None] * jnp.ones(transform.width_latent)
    assert jnp.isfinite(inverse(transform, latent)).all()


@every
def test_saved_and_loaded_gives_the_same_bits(case: Case, fitted: dict[str, Transform]) -> None:
    transform = fitted[case.name]
    loaded = from_config(json.loads(json.dumps(transform.to_config())), transform.arrays())
    latent, values = normal(transform, N, 2.0), draw(case, N)
    np.testing.assert_array_equal(inverse(loaded, latent), inverse(transform, latent))
    np.testing.assert_array_equal(forward(loaded, values), forward(transform, values))


@every
def test_bits_do_not_depend_on_the_batch(case: Case, fitted: dict[str, Transform]) -> None:
    transform = fitted[case.name]
    latent = normal(transform, N, 2.0)
    whole = np.asarray(inverse(transform, latent))
    for n in (2, 7, 100):
        np.testing.assert_array_equal(np.asarray(inverse(transform, latent[:n])), whole[:n])
