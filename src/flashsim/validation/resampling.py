"""Blocks of whole events: random halves for the null, delete-a-block jackknife for every error.

Objects of one event are correlated, so events, not objects, are the units that are resampled. Events are dealt
into at most 40 blocks of equal size; a half of the sample is half of the blocks, and an error comes from leaving
out one block at a time. The jackknife is preferred to the bootstrap here because drawing with replacement adds
noise of its own to distances, which cannot be negative, and so biases them upwards near zero.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int64

from flashsim.validation.views import Table

BLOCKS = 40
SPLITS = 20


@dataclass(frozen=True)
class Blocks:
    """The block of every row of the two tables, and the random halves (true: first half) of the blocks."""

    count: int
    reference: Int64[np.ndarray, " n"]
    candidate: Int64[np.ndarray, " m"]
    halves: Bool[np.ndarray, "splits blocks"]


def deal_blocks(reference: Table, candidate: Table, *, seed: int = 0, splits: int = SPLITS) -> Blocks:
    """Deal the events of both tables into blocks; rows of one event share a block across the tables."""
    events, index = np.unique(np.concatenate([reference.event, candidate.event]), return_inverse=True)
    count = max(2, min(BLOCKS, len(events) // 2 * 2))
    generator = np.random.default_rng([seed, 0x5EED])
    block_of_event = np.empty(len(events), dtype=np.int64)
    block_of_event[generator.permutation(len(events))] = np.arange(len(events)) % count
    blocks = block_of_event[index]
    halves = np.zeros((splits, count), dtype=bool)
    for half in halves:
        half[generator.permutation(count)[: count // 2]] = True
    return Blocks(count, blocks[: len(reference)], blocks[len(reference) :], halves)


def block_sums(
    block: Int64[np.ndarray, " n"], count: int, values: Float[np.ndarray, " n"]
) -> Float[np.ndarray, " blocks"]:
    """The sum of a quantity in every block."""
    return np.bincount(block, weights=values, minlength=count)


def jackknife(
    statistic: Callable[[Float[np.ndarray, " blocks"]], Float[np.ndarray, "..."]], count: int
) -> tuple[Float[np.ndarray, "..."], Float[np.ndarray, "..."]]:
    """A statistic of the whole, and its error from leaving out one block at a time.

    `statistic` takes one multiplicity a block (1, or 0 for the block left out). Where it is not finite without
    some block (a ratio to a null of an empty tail), the error is not a number: it is not known.
    """
    whole = np.asarray(statistic(np.ones(count)), dtype=np.float64)
    left_out = np.stack([np.asarray(statistic(row), dtype=np.float64) for row in 1.0 - np.eye(count)])
    with np.errstate(invalid="ignore"):
        spread = left_out - left_out.mean(axis=0)
        return whole, np.asarray(np.sqrt((count - 1) / count * (spread**2).sum(axis=0)))
