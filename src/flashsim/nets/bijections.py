"""Maps of one output to its noise, increasing whatever a network says: what density flows are made of."""

from abc import abstractmethod
from typing import final

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from flashsim.nets.splines import inverse_spline, parameters_of, spline

LOGARITHM_LIMIT = 4.0


class AbstractBijection(eqx.Module):
    """An increasing map between numbers, with parameters from a network; parameters of zero are the identity."""

    @property
    @abstractmethod
    def parameters(self) -> int:
        """How many parameters one number takes."""

    @abstractmethod
    def forward(
        self, values: Float[Array, "*shape"], parameters: Float[Array, "*shape parameters"]
    ) -> tuple[Float[Array, "*shape"], Float[Array, "*shape"]]:
        """The mapped values, and the logarithm of the slope at each."""

    @abstractmethod
    def inverse(
        self, values: Float[Array, "*shape"], parameters: Float[Array, "*shape parameters"]
    ) -> Float[Array, "*shape"]:
        """What `forward` maps to these values."""


@final
class Affine(AbstractBijection):
    """``(x − shift) / scale``; the scale stays within e^±4."""

    @property
    def parameters(self) -> int:
        """A shift and the logarithm of a scale."""
        return 2

    def forward(
        self, values: Float[Array, "*shape"], parameters: Float[Array, "*shape parameters"]
    ) -> tuple[Float[Array, "*shape"], Float[Array, "*shape"]]:
        """In units of the scale, from the shift."""
        log_scale = _limited(parameters[..., 1])
        return (values - parameters[..., 0]) * jnp.exp(-log_scale), -log_scale

    def inverse(
        self, values: Float[Array, "*shape"], parameters: Float[Array, "*shape parameters"]
    ) -> Float[Array, "*shape"]:
        """Scaled and shifted back."""
        return parameters[..., 0] + jnp.exp(_limited(parameters[..., 1])) * values


@final
class Spline(AbstractBijection):
    """A rational-quadratic spline of `bins` bins (`flashsim.nets.splines`)."""

    bins: int = eqx.field(static=True)

    @property
    def parameters(self) -> int:
        """Widths, heights and slopes."""
        return parameters_of(self.bins)

    def forward(
        self, values: Float[Array, "*shape"], parameters: Float[Array, "*shape parameters"]
    ) -> tuple[Float[Array, "*shape"], Float[Array, "*shape"]]:
        """The spline."""
        return spline(values, parameters)

    def inverse(
        self, values: Float[Array, "*shape"], parameters: Float[Array, "*shape parameters"]
    ) -> Float[Array, "*shape"]:
        """Its inverse."""
        return inverse_spline(values, parameters)


def _limited(logarithm: Array) -> Array:
    """Slope 1 at 0, bounded by ± the limit, without an exponential."""
    return logarithm * jax.lax.rsqrt(1 + (logarithm / LOGARITHM_LIMIT) ** 2)
