"""Compiled tiles of one shape: whatever is computed over objects runs over them, padded, compiled once."""

from collections.abc import Callable, Sequence
from functools import partial

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int, Shaped

TILE = 2048
"""Objects a tile: small enough for a core's cache, large enough to keep the matrix units busy."""
GROUP_TILE = 256
"""The same where there are groups, the last tile of each of which is half empty on average."""

Compute = Callable[..., Sequence[Array]]


def in_tiles(compute: Compute, *columns: Shaped[np.ndarray, "objects ..."]) -> list[np.ndarray]:
    """The arrays that `compute` gives for the rows of `columns`, any number of them, tile by tile.

    The last tile is padded with zeros. An object's bits depend on its slot in the grid of tiles at most,
    never on how many objects there are.
    """
    return _joined(_submitted(compute, columns, TILE) or [_submit(compute, columns, TILE)])


def in_groups(
    compute: Compute,
    groups: int,
    group: Int[np.ndarray, " objects"],
    *columns: Shaped[np.ndarray, "objects ..."],
) -> list[np.ndarray]:
    """As `in_tiles`, for objects of several groups: ``compute(number of the group, *tile)``.

    The objects of each group lie in their order on a grid of tiles of its own, so that many groups cost little more
    than one. Where there is one group alone, this is `in_tiles`.
    """
    if groups == 1:
        return in_tiles(partial(compute, 0), *columns)
    order = np.argsort(group, kind="stable")
    ends = np.searchsorted(group[order], np.arange(groups + 1))
    pending: list[_Tile] = []
    for number in range(groups):
        members = order[ends[number] : ends[number + 1]]
        pending += _submitted(partial(compute, number), [column[members] for column in columns], GROUP_TILE)
    found = _joined(pending or [_submit(partial(compute, 0), columns, GROUP_TILE)])
    back = np.argsort(order)
    return [values[back] for values in found]


_Tile = tuple[int, Sequence[Array]]
"""How many of its rows are objects, and what is computed of all of them."""


def _submitted(compute: Compute, columns: Sequence[np.ndarray], size: int) -> list[_Tile]:
    """All tiles of some objects, before the first result is waited for."""
    starts = range(0, len(columns[0]), size)
    return [_submit(compute, [column[start : start + size] for column in columns], size) for start in starts]


def _submit(compute: Compute, rows: Sequence[np.ndarray], size: int) -> _Tile:
    return len(rows[0]), compute(*(jnp.asarray(_padded(column, size)) for column in rows))


def _joined(tiles: Sequence[_Tile]) -> list[np.ndarray]:
    counts = [count for count, _ in tiles]
    columns = zip(*(arrays for _, arrays in tiles), strict=True)
    return [np.concatenate([np.asarray(a)[:n] for a, n in zip(column, counts, strict=True)]) for column in columns]


def _padded(rows: np.ndarray, size: int) -> np.ndarray:
    if len(rows) == size:
        return rows
    tile = np.zeros((size, *rows.shape[1:]), dtype=rows.dtype)
    tile[: len(rows)] = rows
    return tile
