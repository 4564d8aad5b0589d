"""Functions of formulas over the nearest other object of an event, in one dimension."""

import numpy as np
from jaxtyping import Float, Int, Shaped


def nearest(
    x: Shaped[np.ndarray, "..."], where: Shaped[np.ndarray, "..."], offsets: Int[np.ndarray, " bounds"]
) -> Float[np.ndarray, " objects"]:
    """How far in x the nearest other object of the event is for which `where` holds; infinite where there is none."""
    x, neighbour = _neighbours(x, where, offsets)
    return np.where(neighbour >= 0, np.abs(x[neighbour] - x), np.inf)


def of_nearest(
    values: Shaped[np.ndarray, "..."],
    x: Shaped[np.ndarray, "..."],
    where: Shaped[np.ndarray, "..."],
    offsets: Int[np.ndarray, " bounds"],
) -> Float[np.ndarray, " objects"]:
    """What this object has of some values; 0 where there is none."""
    _, neighbour = _neighbours(x, where, offsets)
    values = np.broadcast_to(np.asarray(values, dtype=np.float64), neighbour.shape)
    return np.where(neighbour >= 0, values[neighbour], 0.0)


def _neighbours(
    x: Shaped[np.ndarray, "..."], where: Shaped[np.ndarray, "..."], offsets: Int[np.ndarray, " bounds"]
) -> tuple[Float[np.ndarray, " objects"], Int[np.ndarray, " objects"]]:
    """The place of each object, and the row of its neighbour, -1 for none: objects are sorted once, not compared.

    Of two at the same distance it is the one at the smaller x, or the earlier one.
    """
    counts = np.diff(offsets)
    event = np.repeat(np.arange(len(counts)), counts)
    n = len(event)
    x = np.broadcast_to(np.asarray(x, dtype=np.float64), event.shape)
    chosen = np.broadcast_to(np.asarray(where) != 0, event.shape)
    order = np.lexsort((np.arange(n), x, event))
    place = np.where(chosen[order], np.arange(n), -1)
    before = np.concatenate([[-1], np.maximum.accumulate(place)[:-1]]) if n else place
    place = np.where(chosen[order], np.arange(n), n)
    after = np.concatenate([np.minimum.accumulate(place[::-1])[::-1][1:], [n]]) if n else place
    distances = []
    for other in (before, after):
        row = order[np.clip(other, 0, max(n - 1, 0))]
        there = (other >= 0) & (other < n) & (event[row] == event[order])
        distances.append(np.where(there & ~np.isnan(x[row]), np.abs(x[row] - x[order]), np.inf))
    found = np.where(distances[1] < distances[0], after, before)
    found = np.where(np.minimum(*distances) < np.inf, order[np.clip(found, 0, max(n - 1, 0))], -1)
    neighbour = np.full(n, -1, dtype=np.int64)
    neighbour[order] = found
    return x, neighbour
