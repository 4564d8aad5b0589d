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


def knot_number(table: Float[Array, "rows knots"], values: Float[Array, "rows n"]) -> Float[Array, "rows n"]:
    """Where each value lies among the knots of its row: 2.5 is half way from knot 2 to knot 3; straight beyond.

    Every knot is compared with every value, without a jump: for some tens of knots, and objects side by side in
    memory, this takes a third of the time of a bisection, whose gathers a CPU does one by one.
    """
    index = jnp.zeros_like(values)
    left, right = (jnp.broadcast_to(table[:, knot : knot + 1], values.shape) for knot in (0, 1))
    for knot in range(1, table.shape[1] - 1):
        above = values >= table[:, knot : knot + 1]
        index = jnp.where(above, float(knot), index)
        left = jnp.where(above, table[:, knot : knot + 1], left)
        right = jnp.where(above, table[:, knot + 1 : knot + 2], right)
    return index + (values - left) / (right - left)
