"""Candidates compete for hits: the better one keeps them, and one that is left with too few is dropped."""

import numpy as np
from jaxtyping import Bool, Float, Int, Int64

_NOBODY = np.iinfo(np.int64).max


def compete(
    matrix: Int64[np.ndarray, "n planes"],
    quality: tuple[Float[np.ndarray, "n"] | Int[np.ndarray, "n"], ...],
    n_hits: int,
    shared: float = 0.3,
) -> Bool[np.ndarray, "n"]:
    """The candidates that survive, where `matrix` holds the hit in each plane or -1.

    `quality` lists keys, the most important first, smaller is better. In the order of quality, a candidate
    is refused if more than the fraction `shared` of its hits belongs to accepted ones. All those that are
    the best on every hit they have are accepted at once, so few rounds are needed.
    """
    n = len(matrix)
    rank = np.empty(n, dtype=np.int64)
    rank[np.lexsort(quality[::-1])] = np.arange(n)
    present = matrix >= 0
    total = present.sum(axis=1)
    accepted = np.zeros(n, dtype=bool)
    alive = np.flatnonzero(total > 0)
    taken = np.zeros(n_hits, dtype=bool)
    best = np.full(n_hits, _NOBODY)
    while len(alive):
        rows, has = matrix[alive], present[alive]
        best[rows[has]] = _NOBODY
        np.minimum.at(best, rows[has], np.broadcast_to(rank[alive][:, None], rows.shape)[has])
        # hits already taken no longer decide who is first
        first = ((best[rows] >= rank[alive][:, None]) | taken[rows] | ~has).all(axis=1)
        winner = alive[first]
        accepted[winner] = True
        taken[matrix[winner][present[winner]]] = True
        alive = alive[~first]
        lost = (taken[matrix[alive]] & present[alive]).sum(axis=1)
        alive = alive[lost <= shared * total[alive]]
    return accepted
