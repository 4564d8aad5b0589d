"""Compiled tiles of one shape: whatever is computed over objects runs over them, padded, compiled once."""

from collections.abc import Callable, Sequence

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Shaped

TILE = 2048
"""Objects a tile: small enough for a core's cache, large enough to keep the matrix units busy."""


def in_tiles(compute: Callable[..., Sequence[Array]], *columns: Shaped[np.ndarray, "objects ..."]) -> list[np.ndarray]:
    """The arrays that `compute` gives for the rows of `columns`, any number of them, tile by tile.

    The last tile is padded with zeros. An object's bits depend on its slot in the grid of tiles at most,
    never on how many objects there are.
    """
    objects = len(columns[0])
    # All tiles are submitted before the first result is waited for.
    pending = [
        compute(*(jnp.asarray(_padded(column[start : start + TILE])) for column in columns))
        for start in range(0, max(objects, 1), TILE)
    ]
    return [np.concatenate([np.asarray(tile) for tile in tiles])[:objects] for tiles in zip(*pending, strict=True)]


def _padded(rows: np.ndarray) -> np.ndarray:
    if len(rows) == TILE:
        return rows
    tile = np.zeros((TILE, *rows.shape[1:]), dtype=rows.dtype)
    tile[: len(rows)] = rows
    return tile
