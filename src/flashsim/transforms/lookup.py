"""Table look-up in operations that compile well and export: compare, gather, arithmetic."""

import jax.numpy as jnp
from jaxtyping import Array, Float, Int


def gather(table: Float[Array, "width knots"], index: Int[Array, "n width"]) -> Float[Array, "n width"]:
    """Entry ``index[:, j]`` of row ``j`` of the table."""
    width, knots = table.shape
    rows = knots * jnp.arange(width, dtype=jnp.int32)
    return jnp.take(table.reshape(-1), index + rows, mode="clip")


def search(table: Float[Array, "width knots"], values: Float[Array, "n width"]) -> Int[Array, "n width"]:
    """The last entry of row ``j`` not above ``values[:, j]``; 0 where all are above. Rows increase.

    A bisection of fixed depth, unrolled: its cost is the logarithm of the number of knots.
    """
    knots = table.shape[1]
    position = jnp.zeros(values.shape, dtype=jnp.int32)
    step = 1 << max(knots - 1, 1).bit_length() - 1
    while step:
        candidate = position + step
        good = (candidate < knots) & (gather(table, jnp.minimum(candidate, knots - 1)) <= values)
        position = jnp.where(good, candidate, position)
        step >>= 1
    return position
