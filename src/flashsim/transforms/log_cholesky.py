"""Covariance matrices, positive definite by construction: log deviations and Fisher z of correlations."""

from typing import final

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from flashsim.errors import FlashSimError
from flashsim.transforms.base import Transform, register
from flashsim.transforms.checks import checked, refuse

LARGEST = 8
LOG_DEVIATION_LIMIT = 34.0  # standard deviations from 1.7e-15 to 5.8e14: variances and products stay normal
CORRELATION_LIMIT = 8.0  # Fisher z; there 1 - |r| = 2e-7
SHRINK = 2.0**-20  # times the dimension: the least eigenvalue, in units of correlation


@register
@final
class LogCholesky(Transform):
    """A positive-definite matrix, as its lower triangle row by row (00, 10, 11, 20, …), k ≤ 8.

    Σ = D C D with the standard deviations D and the correlations C = L Lᵀ. The latent holds, in the packed
    order, log D on the diagonal and, below it, a_ij = artanh(r_ij); r_ij = L_ij / sqrt(1 - Σ_{m<j} L_im²) is
    the partial correlation of i and j given all before j. So the entries do not depend on any scale, however
    many decades lie between the variances, are not bounded, and (Fisher) are about normal where r varies.
    L is products of tanh a and sech a, without a subtraction: exact to float32 however close |r| is to 1.

    The matrix as *written* in float32 is positive definite for every latent: off-diagonals are multiplied by
    1 - k 2⁻²⁰, which lifts the least eigenvalue of C above the rounding errors of its entries; ``forward``
    divides by it, so that the round trip is exact: within 1e-5 in units of correlation (relative 1e-5 for
    variances), also where the least eigenvalue is below that and cannot be preserved.
    """

    dimension: int = eqx.field(static=True)

    @property
    def width_physical(self) -> int:
        """Number of entries of the lower triangle."""
        return self.dimension * (self.dimension + 1) // 2

    @property
    def width_latent(self) -> int:
        """Number of entries of the lower triangle."""
        return self.width_physical

    @classmethod
    def fit(
        cls, values: Float[np.ndarray, "n packed"], weights: np.ndarray | None = None, *, name: str = "column"
    ) -> "LogCholesky":
        """Checks, in float64, that every matrix is positive definite."""
        table, _ = checked(values, weights, name)
        width = table.shape[1]
        dimension = int((np.sqrt(8 * width + 1) - 1) / 2)
        if dimension * (dimension + 1) // 2 != width or dimension > LARGEST:
            raise FlashSimError(
                f"{name}: a covariance has the k(k+1)/2 columns of a lower triangle, k ≤ 8; not {width}"
            )
        refuse(_not_positive_definite(table, dimension), table, name, "is not a positive-definite matrix")
        return cls(dimension)

    def mirrored(self, latent: Float[np.ndarray, "n width"]) -> Float[np.ndarray, "n width"]:
        """The latent of the same matrices with the sign of every partial correlation changed."""
        rows, columns = np.tril_indices(self.dimension)
        return np.where(rows == columns, latent, -latent)

    def forward(self, values: Float[Array, "n width"], noise: Float[Array, "n width"]) -> Float[Array, "n width"]:
        """Physical values to latent."""
        keep = 1 - self.dimension * SHRINK
        deviations: list[Array] = []
        factor: list[list[Array]] = []
        latent: list[Array] = []
        for i in range(self.dimension):
            deviations.append(jnp.sqrt(jnp.maximum(values[:, _packed(i, i)], np.exp(-2 * LOG_DEVIATION_LIMIT))))
            row: list[Array] = []
            left = jnp.ones_like(deviations[i])  # 1 - Σ_{m<j} L_im²
            for j in range(i):
                correlation = values[:, _packed(i, j)] / deviations[i] / deviations[j] / keep
                rest = correlation - sum(row[m] * factor[j][m] for m in range(j))
                partial = rest / factor[j][j] / jnp.sqrt(left)
                bounded = jnp.clip(partial, -_LARGEST_PARTIAL, _LARGEST_PARTIAL)
                latent.append(jnp.arctanh(bounded))
                row.append(bounded * jnp.sqrt(left))
                left = left * (1 - bounded) * (1 + bounded)
            latent.append(jnp.log(deviations[i]))
            factor.append([*row, jnp.sqrt(left)])
        return jnp.stack(latent, axis=1)

    def inverse(self, latent: Float[Array, "n width"]) -> Float[Array, "n width"]:
        """Latent to physical values."""
        keep = 1 - self.dimension * SHRINK
        # Every exponential of the whole table first, then products: XLA would repeat them in each entry.
        scale = jnp.exp(jnp.clip(latent, -LOG_DEVIATION_LIMIT, LOG_DEVIATION_LIMIT))
        partial, remainder = _tanh_sech(latent)
        deviations: list[Array] = []
        factor: list[list[Array]] = []
        physical: list[Array] = []
        for i in range(self.dimension):
            deviations.append(scale[:, _packed(i, i)])
            row: list[Array] = []
            left = jnp.ones_like(deviations[i])  # sqrt(1 - Σ_{m<j} L_im²)
            for j in range(i):
                row.append(partial[:, _packed(i, j)] * left)
                left = left * remainder[:, _packed(i, j)]
                correlation = sum((row[m] * factor[j][m] for m in range(j)), row[j] * factor[j][j])
                physical.append((keep * correlation * deviations[i]) * deviations[j])
            factor.append([*row, left])
            physical.append(deviations[i] * deviations[i])
        return jnp.stack(physical, axis=1)


_LARGEST_PARTIAL = float(np.float32(np.tanh(CORRELATION_LIMIT)))


def _tanh_sech(
    fisher: Float[Array, "n width"],
) -> tuple[Float[Array, "n width"], Float[Array, "n width"]]:
    """tanh and sech; through expm1, as a correlation of 1e-6 has as many digits as one of 0.1."""
    limited = jnp.clip(fisher, -CORRELATION_LIMIT, CORRELATION_LIMIT)
    size = jnp.abs(limited)
    rise = -jnp.expm1(-2 * size)  # 1 - exp(-2 |a|)
    return jnp.sign(limited) * rise / (2 - rise), 2 * jnp.exp(-size) / (2 - rise)


def _packed(i: int, j: int) -> int:
    return i * (i + 1) // 2 + j


def _not_positive_definite(table: Float[np.ndarray, "n packed"], dimension: int) -> np.ndarray:
    rows, columns = np.tril_indices(dimension)
    diagonal = table[:, rows == columns]
    bad = np.asarray((diagonal <= 0).any(axis=1))
    deviation = np.sqrt(np.where(bad[:, None], 1.0, diagonal))
    matrix = np.zeros((len(table), dimension, dimension))
    matrix[:, rows, columns] = matrix[:, columns, rows] = table / deviation[:, rows] / deviation[:, columns]
    matrix[bad] = np.eye(dimension)
    return bad | (np.linalg.eigvalsh(matrix)[:, 0] <= 0)
