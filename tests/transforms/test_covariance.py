"""Covariance matrices as they are written: float32, positive definite, whatever the latent."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import kstest

from flashsim.transforms import LogCholesky, Standard, fit_transform

from .cases import covariances


def matrices(packed: np.ndarray, dimension: int) -> np.ndarray:
    rows, columns = np.tril_indices(dimension)
    full = np.zeros((len(packed), dimension, dimension))
    full[:, rows, columns] = full[:, columns, rows] = packed
    return full


@pytest.mark.parametrize(("dimension", "count"), [(1, 1000), (2, 20_000), (5, 100_000), (8, 20_000)])
def test_the_written_matrix_is_positive_definite(dimension: int, count: int) -> None:
    transform = LogCholesky(dimension)
    latent = 10 * jax.random.normal(jax.random.key(1), (count, transform.width_latent))
    latent = latent.at[: count // 10].multiply(1e30).at[-count // 10 :].multiply(0.1)
    written = matrices(np.asarray(jax.jit(lambda z: transform.inverse(z))(latent)), dimension)
    np.linalg.cholesky(written)  # raises when one is not positive definite
    deviation = np.sqrt(np.einsum("nii->ni", written))
    correlation = written / (deviation[:, :, None] * deviation[:, None, :])
    # Positive definite not by luck: rounding to float32 is 6e-8.
    assert np.linalg.eigvalsh(correlation)[:, 0].min() > 5e-7


def test_nearly_singular_matrices_stay_positive_definite() -> None:
    transform = LogCholesky(5)
    signs = jax.random.rademacher(jax.random.key(2), (100_000, 15)).astype(jnp.float32)
    latent = signs * jax.random.uniform(jax.random.key(3), (100_000, 1), minval=2.0, maxval=9.0)
    np.linalg.cholesky(matrices(np.asarray(jax.jit(lambda z: transform.inverse(z))(latent)), 5))


def test_flash_covariances_over_ten_decades_are_positive_definite() -> None:
    packed = covariances(np.random.default_rng(1), 5000, 5)
    transform = fit_transform("covariance", packed)
    latent = 3 * jax.random.normal(jax.random.key(4), (20_000, 15))
    written = np.asarray(jax.jit(lambda z: transform.inverse(z))(latent))
    np.linalg.cholesky(matrices(written, 5))
    assert written[:, 0].max() < 1e-9
    assert written[:, 14].max() > 10


def test_entries_do_not_depend_on_the_units() -> None:
    packed = covariances(np.random.default_rng(2), 200, 3)
    rows, columns = np.tril_indices(3)
    unit = np.array([1e3, 1.0, 1e-6])
    transform, noise = LogCholesky(3), jnp.zeros((200, 6))
    first = transform.forward(jnp.asarray(packed, jnp.float32), noise)
    second = transform.forward(jnp.asarray(packed * unit[rows] * unit[columns], jnp.float32), noise)
    below = rows != columns
    np.testing.assert_allclose(second[:, below], first[:, below], atol=1e-3)
    np.testing.assert_allclose((second - first)[:, ~below], np.log(unit) * np.ones((200, 3)), atol=1e-4)


def test_latent_of_a_diagonal_matrix_is_its_log_deviations() -> None:
    latent = LogCholesky(2).forward(jnp.array([[4.0, 0.0, 9.0]]), jnp.zeros((1, 3)))
    np.testing.assert_allclose(latent, [[np.log(2), 0.0, np.log(3)]], rtol=1e-6)


def test_latent_of_a_correlation_is_its_fisher_z() -> None:
    latent = LogCholesky(2).forward(jnp.array([[1.0, 0.5, 1.0]]), jnp.zeros((1, 3)))
    np.testing.assert_allclose(latent[0, 1], np.arctanh(0.5), rtol=1e-5)


def test_latents_are_standard_normal_where_correlations_are_of_both_signs_alike() -> None:
    random = np.random.default_rng(6)
    deviation = np.exp(random.normal(size=(20_000, 2)))
    correlation = np.tanh(0.5 * random.normal(size=20_000))
    packed = np.stack([deviation[:, 0] ** 2, correlation * deviation.prod(axis=1), deviation[:, 1] ** 2], axis=1)
    latent = np.asarray(
        fit_transform("covariance", packed).forward(jnp.asarray(packed, jnp.float32), jnp.zeros((20_000, 3)))
    )
    for column in latent.T:
        assert kstest(column, "norm").pvalue > 1e-3


def test_small_correlations_keep_their_digits_and_no_correlation_is_latent_zero() -> None:
    """Correlations over ten decades, of both signs and with a mean that is not zero: no shift may hide the small."""
    random = np.random.default_rng(5)
    size = 10.0 ** random.uniform(-10, -1, 2000)
    correlation = np.where(random.uniform(size=2000) < 0.7, size, -size)
    packed = np.stack([np.ones(2000), correlation, np.ones(2000)], axis=1)
    packed[:, [0, 2]] *= random.uniform(1, 2, (2000, 2)) ** 2
    packed[:, 1] *= np.sqrt(packed[:, 0] * packed[:, 2])
    transform = fit_transform("covariance", packed, last=Standard.fit_robust)
    latent = transform.forward(jnp.asarray(packed, jnp.float32), jnp.zeros((2000, 3)))
    again = np.asarray(transform.inverse(latent), dtype=np.float64)
    # What is left of the shift is the smallest correlation there is: 1e-10.
    np.testing.assert_allclose(again[:, 1], packed[:, 1], rtol=1e-4, atol=1e-10)
    assert (np.sign(latent[:, 1]) == np.sign(correlation))[size > 1e-9].all()
