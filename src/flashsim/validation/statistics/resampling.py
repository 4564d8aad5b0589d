"""Groups of whole events, and what is done with them: bootstrap, halves, swaps.

Objects of one event are correlated, so events, not objects, are the units that are resampled. A hash of its number
deals every event into one of 128 groups, of both samples alike, so that a sample can be read in blocks in any
order: everything additive is summed per group, and after one pass

- the bootstrap draws groups with replacement,
- a half of a sample is a random half of the groups,
- a permutation swaps what the two samples have in some of the groups. Where both were simulated from the same
  generated events, a perfect candidate makes every swap equally likely, exactly; so it does with independent
  samples of equal size. With independent samples of unequal sizes the two are brought to equal total weight first,
  and the swaps give the right variance, as the sign flips of a wild bootstrap do (Mammen, Ann. Statist. 21 (1993)
  255).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int64, Shaped

from flashsim.random import hashed
from flashsim.validation.statistics.effort import FULL, Effort

GROUPS = 128


@dataclass(frozen=True)
class Resampling:
    """What is drawn once and used for every number of a validation.

    `signs` are +1, or -1 where a group is swapped (the first row swaps none: what was measured); `multiplicity` is
    how often the bootstrap draws each group; `halves` are random halves of the groups (true: first half).
    """

    signs: Float[np.ndarray, "swaps groups"]
    multiplicity: Float[np.ndarray, "replicas groups"]
    halves: Bool[np.ndarray, "splits groups"]


@dataclass(frozen=True)
class GroupSums:
    """Sums of one sample per group: of weighted features, of weights and of squared weights."""

    features: Float[np.ndarray, "groups features"]
    weight: Float[np.ndarray, " groups"]
    squares: Float[np.ndarray, " groups"]

    def means(self, chosen: Shaped[np.ndarray, "n groups"]) -> Float[np.ndarray, "n features"]:
        """The mean features of n choices of groups, each with multiplicities."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return (chosen @ self.features) / (chosen @ self.weight)[:, None]

    def effective_size(self, chosen: Shaped[np.ndarray, "n groups"]) -> Float[np.ndarray, " n"]:
        """(sum of weights)² / sum of squared weights: of how many unweighted objects the sample is worth."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return (chosen @ self.weight) ** 2 / (chosen @ self.squares)


Sizes = tuple[GroupSums, GroupSums]
"""Sums of weights of both samples (without features)."""


def resampling(seed: int = 0, effort: Effort = FULL) -> Resampling:
    """Draw signs, multiplicities and halves."""
    generator = np.random.default_rng([seed, 0x5EED])
    signs = np.where(generator.random((effort.swaps + 1, GROUPS)) < 0.5, -1.0, 1.0)
    signs[0] = 1.0
    multiplicity = generator.multinomial(GROUPS, np.full(GROUPS, 1 / GROUPS), size=effort.replicas).astype(np.float64)
    halves = np.zeros((effort.splits, GROUPS), dtype=bool)
    for half in halves:
        half[generator.permutation(GROUPS)[: GROUPS // 2]] = True
    return Resampling(signs, multiplicity, halves)


def group_of(event: Int64[np.ndarray, " n"]) -> Int64[np.ndarray, " n"]:
    """The group that every event is dealt into, wherever and whenever it is read."""
    return (hashed(event) % np.uint64(GROUPS)).astype(np.int64)


def swapped(
    reference: Float[np.ndarray, "groups features"],
    candidate: Float[np.ndarray, "groups features"],
    weights: tuple[float, float],
    signs: Float[np.ndarray, "n groups"],
) -> tuple[Float[np.ndarray, "n features"], Float[np.ndarray, "n features"]]:
    """Sums of the two samples after swapping the groups of negative sign, each brought to total weight 1."""
    first, second = reference / weights[0], candidate / weights[1]
    middle = (first.sum(axis=0) + second.sum(axis=0)) / 2
    half = signs @ ((first - second) / 2)
    return middle + half, middle - half


def spread(
    statistic: Callable[[Float[np.ndarray, "n groups"]], Float[np.ndarray, "n *rest"]], drawn: Resampling
) -> tuple[Float[np.ndarray, "*rest"], Float[np.ndarray, "*rest"]]:
    """A statistic of group sums, and its bootstrap error.

    `statistic` takes n rows of multiplicities. Where it is not finite in some replica (a ratio to an empty tail),
    the error is not a number: it is not known.
    """
    groups = drawn.multiplicity.shape[1]
    whole = np.asarray(statistic(np.ones((1, groups)))[0])
    with np.errstate(invalid="ignore"):
        return whole, np.asarray(statistic(drawn.multiplicity).std(axis=0, ddof=1))
