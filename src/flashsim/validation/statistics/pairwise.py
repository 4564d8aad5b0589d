"""Energy and kernel distances, from sums over pairs of objects per pair of groups.

Both are quadratic forms: with a kernel k and signed weights u, +w/W for one sample and -w/W for the other,
d² = sum_ij u_i u_j k(x_i, x_j). Summed per pair of groups once, every half, replica and swap of groups is a
quadratic form of the small matrix of these sums.
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Int64

ROWS_AT_ONCE = 512

Kernel = Callable[[Float[np.ndarray, "a d"], Float[np.ndarray, "b d"]], Float[np.ndarray, "a b"]]


def energy(first: Float[np.ndarray, "a d"], second: Float[np.ndarray, "b d"]) -> Float[np.ndarray, "a b"]:
    """Minus the Euclidean distance: d² is the energy distance 2E|X-Y| - E|X-X'| - E|Y-Y'| (Székely and Rizzo)."""
    squares = (first**2).sum(axis=1)[:, None] + (second**2).sum(axis=1)[None, :] - 2 * first @ second.T
    return -np.sqrt(np.maximum(squares, 0.0))


def polynomial(first: Float[np.ndarray, "a d"], second: Float[np.ndarray, "b d"]) -> Float[np.ndarray, "a b"]:
    """(x·y / d + 1)⁴, the kernel of the kernel physics distance (Kansal et al., arXiv:2211.10295)."""
    product = first @ second.T / first.shape[1] + 1.0
    return (product * product) ** 2


def pair_sums(
    kernel: Kernel,
    values: Float[np.ndarray, "n d"],
    weight: Float[np.ndarray, " n"],
    cell: Int64[np.ndarray, " n"],
    cells: int,
) -> Float[np.ndarray, "cells cells"]:
    """The weighted sum of a kernel over the pairs of objects of every pair of cells."""
    order = np.argsort(cell, kind="stable")
    values, weight, cell = values[order], weight[order], cell[order]
    filled, starts = np.unique(cell, return_index=True)
    rows = np.zeros((len(values), len(filled)))
    for start in range(0, len(values), ROWS_AT_ONCE):
        part = slice(start, start + ROWS_AT_ONCE)
        pairs = kernel(values[part], values) * weight
        rows[part] = np.add.reduceat(pairs, starts, axis=1)
    sums = np.zeros((cells, cells))
    sums[np.ix_(filled, filled)] = np.add.reduceat(rows * weight[:, None], starts, axis=0)
    return (sums + sums.T) / 2


def quadratic_distance(
    sums: Float[np.ndarray, "cells cells"],
) -> Callable[[Float[np.ndarray, "n cells"], Float[np.ndarray, "n cells"]], Float[np.ndarray, "n 1"]]:
    """The functional of two rows of weights over the cells: the root of the quadratic form of their difference."""

    def functional(left: Float[np.ndarray, "n cells"], right: Float[np.ndarray, "n cells"]) -> Float[np.ndarray, "n 1"]:
        difference = left - right
        return np.sqrt(np.maximum(((difference @ sums) * difference).sum(axis=1), 0.0))[:, None]

    return functional
