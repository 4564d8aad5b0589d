"""Whole arrays of random numbers from one key, as training draws them."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray, UInt32

from flashsim.random.normal import standard_normal
from flashsim.random.threefry import threefry

COLUMNS = 1 << 16


def normal(key: PRNGKeyArray, stream: int, rows: int, columns: int) -> Float[Array, "rows columns"]:
    """Standard normal numbers of one of 65,536 streams of a key; at most 65,536 columns.

    In half the time of `jax.random.normal`. Rounds of the generator are unrolled and no key is split, so that
    the numbers are a plain expression: where two steps of a training draw the same ones, XLA sees that they are, and
    computes what follows from them once.
    """
    return standard_normal(words(key, stream, rows, columns))


def uniform(key: PRNGKeyArray, stream: int, rows: int, columns: int) -> Float[Array, "rows columns"]:
    """Numbers of 24 bits from 0 to below 1, each as probable."""
    return (words(key, stream, rows, columns) >> np.uint32(8)).astype(jnp.float32) * jnp.float32(2.0**-24)


def words(key: PRNGKeyArray, stream: int, rows: int, columns: int) -> UInt32[Array, "rows columns"]:
    """Random words; `normal` and `uniform` make numbers of them."""
    data = jax.random.key_data(key)
    row = jnp.arange(rows, dtype=jnp.uint32)[:, None]
    column = jnp.arange(columns, dtype=jnp.uint32)[None] + np.uint32(stream * COLUMNS)
    word, _ = threefry((data[0], data[1]), (row, column))
    return jnp.broadcast_to(word, (rows, columns))
