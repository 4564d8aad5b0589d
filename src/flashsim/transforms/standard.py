"""Shift and scale to mean 0 and standard deviation 1."""

from typing import final

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from flashsim.errors import FlashSimError
from flashsim.transforms.base import Transform, float32, register
from flashsim.transforms.checks import checked, refuse_constant

LIMIT = 1e6  # standard deviations: what keeps the inverse finite


@register
@final
class Standard(Transform):
    """``(x - mean) / deviation``; the latent is clipped at a million. Round trip: 1e-6 of its terms."""

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

    def forward(self, values: Float[Array, "n width"], noise: Float[Array, "n width"]) -> Float[Array, "n width"]:
        """Physical values to latent."""
        return jnp.clip((values - self.mean) / self.deviation, -LIMIT, LIMIT)

    def inverse(self, latent: Float[Array, "n width"]) -> Float[Array, "n width"]:
        """Latent to physical values."""
        return self.mean + self.deviation * jnp.clip(latent, -LIMIT, LIMIT)
