"""Shift and scale to mean 0 and standard deviation 1."""

from typing import final

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from flashsim.errors import FlashSimError
from flashsim.transforms.base import Transform, float32, register
from flashsim.transforms.checks import checked, refuse_constant

LIMIT = 1e8  # standard deviations: what keeps the inverse finite


@register
@final
class Standard(Transform):
    """``(x - mean) / deviation``; the latent is clipped at 1e8. Round trip: 1e-6 of its terms."""

    mean: Float[Array, " width"]
    deviation: Float[Array, " width"]

    @property
    def width_physical(self) -> int:
        """Number of physical columns."""
        return self.mean.shape[0]

    @property
    def width_latent(self) -> int:
        """Number of latent columns."""
        return self.mean.shape[0]

    @classmethod
    def fit(
        cls, values: Float[np.ndarray, "n width"], weights: np.ndarray | None = None, *, name: str = "column"
    ) -> "Standard":
        """Weighted mean and standard deviation of each column."""
        table, weight = checked(values, weights, name)
        refuse_constant(table, name)
        mean = weight @ table / weight.sum()
        variance = weight @ (table - mean) ** 2 / weight.sum()
        if (variance <= 0).any():
            raise FlashSimError(f"{name}: the weighted variance is {variance.min():g}: negative weights dominate")
        return cls(float32(mean), float32(np.sqrt(variance)))

    @classmethod
    def fit_robust(
        cls, values: Float[np.ndarray, "n width"], weights: np.ndarray | None = None, *, name: str = "column"
    ) -> "Standard":
        """Median and half of the central 68 % of each column: tails, however long, do not matter.

        Columns tied in their middle take the standard deviation. Weights that are negative count as zero.
        """
        table, weight = checked(values, weights, name)
        refuse_constant(table, name)
        low, middle, high = (weighted_quantile(table, weight.clip(0), level) for level in (0.1587, 0.5, 0.8413))
        half = (high - low) / 2
        return cls(float32(middle), float32(np.where(half > 0, half, table.std(axis=0))))

    def forward(self, values: Float[Array, "n width"], noise: Float[Array, "n width"]) -> Float[Array, "n width"]:
        """Physical values to latent."""
        return jnp.clip((values - self.mean) / self.deviation, -LIMIT, LIMIT)

    def inverse(self, latent: Float[Array, "n width"]) -> Float[Array, "n width"]:
        """Latent to physical values."""
        return self.mean + self.deviation * jnp.clip(latent, -LIMIT, LIMIT)


def weighted_quantile(
    table: Float[np.ndarray, "n width"], weights: Float[np.ndarray, " n"], level: float
) -> Float[np.ndarray, " width"]:
    """The value of each column below which a share `level` of the weight lies."""
    found = np.empty(table.shape[1])
    for index, column in enumerate(table.T):
        order = np.argsort(column, kind="stable")
        cumulative = np.cumsum(weights[order])
        found[index] = column[order][min(np.searchsorted(cumulative, level * cumulative[-1]), len(column) - 1)]
    return found
