"""Monotone rational-quadratic splines with straight tails, whose knots a network predicts."""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

LIMIT = 6.0
"""Beyond ± this the map is the identity. Normal scores end at 8, and one of 5 × 10⁸ lies beyond 6."""
MOST_BINS = 32
"""Bins are added up and looked through one by one."""
SMALLEST_SHARE = 1e-3
"""Of the range: the narrowest and the lowest bin."""
SMALLEST_SLOPE = 1e-3

_SLOPE_OF_ZERO = float(np.log(np.expm1(1 - SMALLEST_SLOPE)))


class Knots(NamedTuple):
    """Abscissae, ordinates and slopes of the knots, from the lowest to the highest, each an array."""

    x: tuple[Array, ...]
    y: tuple[Array, ...]
    slope: tuple[Array, ...]


def parameters_of(bins: int) -> int:
    """How many parameters a spline of so many bins takes: widths, heights, and slopes between them."""
    return 3 * bins - 1


def knots_of(parameters: Float[Array, "*shape parameters"]) -> Knots:
    """The knots of splines with these parameters, any finite numbers; zeros are the identity.

    Durkan et al. 2019 (arXiv:1906.04032, section 3.1): widths and heights by a softmax, slopes by a softplus,
    1 at both ends. `parameters` are ``3 bins − 1`` along the last axis.
    """
    bins = (parameters.shape[-1] + 1) // 3
    columns = [parameters[..., index] for index in range(parameters.shape[-1])]
    inner = [SMALLEST_SLOPE + _softplus(column + _SLOPE_OF_ZERO) for column in columns[2 * bins :]]
    one = jnp.ones_like(columns[0])
    return Knots(
        x=_edges(columns[:bins]),
        y=_edges(columns[bins : 2 * bins]),
        slope=(one, *inner, one),
    )


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


def _edges(raw: list[Array]) -> tuple[Array, ...]:
    """The edges between −LIMIT and LIMIT of bins as wide as a softmax says, none narrower than its smallest share."""
    largest = raw[0]
    for value in raw[1:]:
        largest = jnp.maximum(largest, value)
    powers = [jnp.exp(value - largest) for value in raw]
    total = powers[0]
    for power in powers[1:]:
        total = total + power
    scale = 2 * LIMIT * (1 - SMALLEST_SHARE * len(raw)) / total
    edges = [jnp.full_like(raw[0], -LIMIT)]
    for power in powers[:-1]:
        edges.append(edges[-1] + (2 * LIMIT * SMALLEST_SHARE + scale * power))
    return (*edges, jnp.full_like(raw[0], LIMIT))


def _bin(knots: Knots, edges: tuple[Array, ...], values: Array) -> tuple[Array, ...]:
    """Both ends of the bin between whose `edges` each value lies: x, x, y, y, slope, slope."""
    columns = (knots.x, knots.y, knots.slope)
    found = [end for column in columns for end in (column[0], column[1])]
    for index in range(1, len(edges) - 1):
        above = values >= edges[index]
        here = [end for column in columns for end in (column[index], column[index + 1])]
        found = [jnp.where(above, new, old) for new, old in zip(here, found, strict=True)]
    return tuple(found)


def _softplus(values: Array) -> Array:
    return jnp.maximum(values, 0.0) + jnp.log1p(jnp.exp(-jnp.abs(values)))
