"""Table look-up in operations that compile well and export: compare, gather, arithmetic."""

import jax.numpy as jnp
from jaxtyping import Array, Float, Int


def gather(
    table: Float[Array, "rows knots"], index: Int[Array, "n width"], row: Int[Array, "n width"] | None = None
) -> Float[Array, "n width"]:
    """Entry ``index`` of a row of the table: row ``j`` for column ``j`` unless ``row`` says otherwise."""
    rows, knots = table.shape
    row = jnp.arange(rows, dtype=jnp.int32) if row is None else row
    return jnp.take(table.reshape(-1), index + knots * row, mode="clip")


def search(
    table: Float[Array, "rows knots"],
    values: Float[Array, "n width"],
    row: Int[Array, "n width"] | None = None,
) -> Int[Array, "n width"]:
    """The last entry of a row, chosen as in ``gather``, not above the value; 0 if all are. Rows increase.

    A bisection of fixed depth, unrolled: its cost is the logarithm of the number of knots.
    """
    knots = table.shape[1]
    position = jnp.zeros(values.shape, dtype=jnp.int32)
    step = 1 << max(knots - 1, 1).bit_length() - 1
    while step:
        candidate = position + step
        good = (candidate < knots) & (gather(table, jnp.minimum(candidate, knots - 1), row) <= values)
        position = jnp.where(good, candidate, position)
        step >>= 1
    return position
