"""Logarithms, for values over many decades."""

from typing import final

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from flashsim.errors import FlashSimError
from flashsim.transforms.base import Transform, float32, register
from flashsim.transforms.checks import checked, refuse
from flashsim.transforms.quantiles import distribution

LOWEST, HIGHEST = -87.0, 88.0  # exp of these is a normal float32 number


@register
@final
class Log(Transform):
    """``log(x)`` of positive values; the inverse is positive for every latent.

    Round trip: relative 1e-7 times the larger of 1 and |log x| (1e-5 at the ends of the float32 range).
    """

    width: int = eqx.field(static=True, default=1)

    @property
    def width_physical(self) -> int:
        """Number of physical columns."""
        return self.width

    @property
    def width_latent(self) -> int:
        """Number of latent columns."""
        return self.width

    @classmethod
    def fit(
        cls, values: Float[np.ndarray, "n width"], weights: np.ndarray | None = None, *, name: str = "column"
    ) -> "Log":
        """Checks that all values are positive."""
        table, _ = checked(values, weights, name)
        refuse(
            (table <= 0).any(axis=1),
            table,
            name,
            "is not positive; use type 'continuous', or 'atoms' for zeros",
        )
        return cls(table.shape[1])

    def forward(self, values: Float[Array, "n width"], noise: Float[Array, "n width"]) -> Float[Array, "n width"]:
        """Physical values to latent."""
        return jnp.log(jnp.clip(values, np.exp(LOWEST), np.exp(HIGHEST)))

    def inverse(self, latent: Float[Array, "n width"]) -> Float[Array, "n width"]:
        """Latent to physical values."""
        return jnp.exp(jnp.clip(latent, LOWEST, HIGHEST))


@register
@final
class SignedLog(Transform):
    """``sign(x) log(1 + |x| / scale)``: linear near 0, logarithmic far away.

    Round trip: within 1e-6 of ``scale + |x|`` times the larger of 1 and the latent.
    """

    scale: Float[Array, " width"]

    @property
    def width_physical(self) -> int:
        """Number of physical columns."""
        return self.scale.shape[0]

    @property
    def width_latent(self) -> int:
        """Number of latent columns."""
        return self.scale.shape[0]

    @classmethod
    def fit(
        cls, values: Float[np.ndarray, "n width"], weights: np.ndarray | None = None, *, name: str = "column"
    ) -> "SignedLog":
        """The scale of a column is the weighted median of its non-zero absolute values."""
        table, weight = checked(values, weights, name)
        scales = []
        for column in np.abs(table.T):
            present = (column > 0) & (weight != 0)
            if not present.any() or weight[present].sum() <= 0:
                raise FlashSimError(f"{name}: all values are 0: there is no scale for a logarithm")
            magnitude, cumulative = distribution(column[present], weight[present])
            scales.append(np.interp(0.5, cumulative, magnitude))
        return cls(float32(np.array(scales)))

    def forward(self, values: Float[Array, "n width"], noise: Float[Array, "n width"]) -> Float[Array, "n width"]:
        """Physical values to latent."""
        return jnp.sign(values) * jnp.log1p(jnp.abs(values) / self.scale)

    def inverse(self, latent: Float[Array, "n width"]) -> Float[Array, "n width"]:
        """Latent to physical values."""
        largest = HIGHEST - jnp.maximum(jnp.log(self.scale), 0.0)
        return jnp.sign(latent) * self.scale * jnp.expm1(jnp.minimum(jnp.abs(latent), largest))
