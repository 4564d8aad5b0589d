"""Monotone rational-quadratic splines with straight tails, whose knots a network predicts."""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

LIMIT = 6.0
"""Beyond ± this the map is the identity. Normal scores end at 8, and one of 5 × 10⁸ lies beyond 6."""
MOST_BINS = 32
"""All bins are looked through for each value."""
SMALLEST_SHARE = 1e-3
"""Of the range: the narrowest and the lowest bin."""
SMALLEST_SLOPE = 1e-3

_SLOPE_OF_ZERO = float(np.log(np.expm1(1 - SMALLEST_SLOPE)))


class Knots(NamedTuple):
    """Abscissae, ordinates and slopes of the knots, from the lowest to the highest along the last axis."""

    x: Float[Array, "*shape knots"]
    y: Float[Array, "*shape knots"]
    slope: Float[Array, "*shape knots"]


def parameters_of(bins: int) -> int:
    """How many parameters a spline of so many bins takes: widths, heights, and slopes between them."""
    return 3 * bins - 1


def knots_of(parameters: Float[Array, "*shape parameters"]) -> Knots:
    """The knots of splines with these parameters, any finite numbers; zeros are the identity.

    Durkan et al. 2019 (arXiv:1906.04032, section 3.1): widths and heights by a softmax, slopes by a softplus,
    1 at both ends. `parameters` are ``3 bins − 1`` along the last axis.
    """
    bins = (parameters.shape[-1] + 1) // 3
    widths, heights, slopes = jnp.split(parameters, [bins, 2 * bins], axis=-1)
    one = jnp.ones_like(parameters[..., :1])
    inner = SMALLEST_SLOPE + _softplus(slopes + _SLOPE_OF_ZERO)
    return Knots(x=_edges(widths), y=_edges(heights), slope=jnp.concatenate([one, inner, one], axis=-1))


def spline(
    values: Float[Array, "*shape"], parameters: Float[Array, "*shape parameters"]
) -> tuple[Float[Array, "*shape"], Float[Array, "*shape"]]:
    """The spline at `values`, and the logarithm of its slope there (Durkan et al. 2019, equations 4 and 5)."""
    knots = knots_of(parameters)
    inside = jnp.clip(values, -LIMIT, LIMIT)
    left, right, low, high, first, last = _bin(knots, knots.x, inside)
    width, height = right - left, high - low
    mean = height / width
    share = (inside - left) / width
    rest = share * (1 - share)
    denominator = mean + (first + last - 2 * mean) * rest
    mapped = low + height * (mean * share**2 + first * rest) / denominator
    numerator = mean**2 * (last * share**2 + 2 * mean * rest + first * (1 - share) ** 2)
    log_slope = jnp.log(numerator) - 2 * jnp.log(denominator)
    beyond = jnp.abs(values) >= LIMIT
    return jnp.where(beyond, values, mapped), jnp.where(beyond, 0.0, log_slope)


def inverse_spline(
    values: Float[Array, "*shape"], parameters: Float[Array, "*shape parameters"]
) -> Float[Array, "*shape"]:
    """Where the spline has these values (Durkan et al. 2019, equations 6 to 8)."""
    knots = knots_of(parameters)
    inside = jnp.clip(values, -LIMIT, LIMIT)
    left, right, low, high, first, last = _bin(knots, knots.y, inside)
    width, height = right - left, high - low
    mean = height / width
    above = inside - low
    bend = above * (first + last - 2 * mean)
    a = height * (mean - first) + bend
    b = height * first - bend
    c = -mean * above
    root = jnp.sqrt(jnp.maximum(b**2 - 4 * a * c, 0.0))
    # The form that adds. As a + b = height × mean > 0, neither denominator is ever 0.
    share = jnp.where(b >= 0, -2 * c, root - b) / jnp.where(b >= 0, b + root, 2 * a)
    share = jnp.clip(share, 0.0, 1.0)
    return jnp.where(jnp.abs(values) >= LIMIT, values, left + width * share)


def _edges(raw: Float[Array, "*shape bins"]) -> Float[Array, "*shape knots"]:
    """The edges between −LIMIT and LIMIT of bins as wide as a softmax says, none narrower than its smallest share.

    The sums are a product with a triangular matrix: added up one by one, each sum would be compiled into all that
    follow from it, and a compilation would take minutes.
    """
    bins = raw.shape[-1]
    powers = jnp.exp(raw - jnp.max(raw, axis=-1, keepdims=True))
    sums = jnp.matmul(powers, jnp.triu(jnp.ones((bins, bins))), precision="highest")
    shares = (1 - SMALLEST_SHARE * bins) * sums[..., :-1] / sums[..., -1:]
    inner = LIMIT * (2 * (shares + SMALLEST_SHARE * jnp.arange(1, bins)) - 1)
    end = jnp.full_like(raw[..., :1], LIMIT)
    return jnp.concatenate([-end, inner, end], axis=-1)


def _bin(
    knots: Knots, edges: Float[Array, "*shape knots"], values: Float[Array, "*shape"]
) -> tuple[Float[Array, "*shape"], ...]:
    """Both ends of the bin between whose `edges` each value lies: x, x, y, y, slope, slope."""
    above = values[..., None] >= edges[..., 1:-1]
    yes = jnp.ones_like(above[..., :1])
    here = jnp.concatenate([yes, above], axis=-1) & ~jnp.concatenate([above, ~yes], axis=-1)
    # Zeros and one value: this sum has the same bits in any order.
    return tuple(
        jnp.sum(jnp.where(here, end, 0.0), axis=-1) for knot in knots for end in (knot[..., :-1], knot[..., 1:])
    )


def _softplus(values: Array) -> Array:
    return jnp.maximum(values, 0.0) + jnp.log1p(jnp.exp(-jnp.abs(values)))
