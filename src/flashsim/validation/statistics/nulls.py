"""A distance between two samples beside its null and with its error.

The protocol, the same for every distance d: for each of 10 random halvings of the groups of events, A and B,

    value = mean of d(reference in A, candidate in B) and d(reference in B, candidate in A)
    null  = mean of d(reference in A, reference in B) * sqrt((1/n_A + 1/m_B) / (1/n_A + 1/n_B))

where n and m are effective sizes (sum w)² / sum w², so that a candidate of another size than the reference is
compared with what its size allows. A perfect candidate has value / null = 1 on average, whatever the sizes, and
whether or not both were simulated from the same generated events: a half never meets its own events.

Errors are by bootstrap. A distance cannot be negative, so one of samples that were drawn again is larger than the
one that was measured: near zero, d² counts the noise twice. The difference of the two samples is therefore shrunk,
before it is drawn again, by the factor that makes the mean square of the replicas what was measured:

    difference* = lambda * difference + noise*,    lambda² = max(0, 1 - mean d(noise*)² / d²)

For a difference that is clearly seen this is the ordinary bootstrap, and for a perfect candidate the spread of the
null.
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from flashsim.validation.metrics import Distance, Measured, number
from flashsim.validation.statistics.resampling import GroupSums, Resampling, swapped

Functional = Callable[
    [Float[np.ndarray, "n features"], Float[np.ndarray, "n features"]], Float[np.ndarray, "n distances"]
]
"""Distances between n pairs of mean features; linear in a small difference of the two."""


def beside_null(
    functional: Functional, reference: GroupSums, candidate: GroupSums, drawn: Resampling
) -> list[Distance]:
    """Value, null and ratio of every distance that `functional` gives, each with its bootstrap error."""
    splits, replicas = len(drawn.halves), len(drawn.multiplicity)
    first = np.concatenate([drawn.halves, ~drawn.halves]).astype(np.float64)
    second = 1.0 - first
    left, right, other = reference.means(first), candidate.means(second), reference.means(second)
    value, null = functional(left, right), functional(left[:splits], other[:splits])
    n, m = reference.effective_size(first), candidate.effective_size(second)
    scale = np.sqrt((1 / n + 1 / m) / (1 / n + 1 / reference.effective_size(second)))
    scale = ((scale[:splits] + scale[splits:]) / 2)[:, None]  # the null is symmetric in the two halves

    def noise(sums: GroupSums, half: np.ndarray, mean: np.ndarray) -> Float[np.ndarray, "replicas halves features"]:
        chosen = (drawn.multiplicity[:, None, :] * half).reshape(-1, half.shape[1])
        return sums.means(chosen).reshape(replicas, len(half), -1) - mean

    def again(
        one: np.ndarray, two: np.ndarray, noises: tuple[np.ndarray, np.ndarray], shrink: float
    ) -> Float[np.ndarray, "replicas halves distances"]:
        middle, half = (one + two) / 2, shrink * (one - two) / 2
        width = one.shape[1]
        found = functional(
            (middle + half + noises[0]).reshape(-1, width), (middle - half + noises[1]).reshape(-1, width)
        )
        return found.reshape(replicas, len(one), -1)

    with np.errstate(invalid="ignore", divide="ignore"):
        noises = noise(reference, first, left), noise(candidate, second, right)
        alone = again(left, right, noises, 0.0)
        shrink = np.sqrt(np.clip(1.0 - (alone**2).mean(axis=(0, 1)) / (value**2).mean(axis=0), 0.0, 1.0))
        shrink = np.nan_to_num(shrink)
        values = np.stack(
            [
                (again(left, right, noises, float(factor)) if factor > 0 else alone)[..., k].mean(axis=1)
                for k, factor in enumerate(shrink)
            ],
            axis=1,
        )
        noises = noises[0][:, :splits], noise(reference, second[:splits], other[:splits])
        nulls = (again(left[:splits], other[:splits], noises, 0.0) * scale).mean(axis=1)
        whole = value.mean(axis=0), (null * scale).mean(axis=0)
        rows = [(whole[0], values), (whole[1], nulls), (whole[0] / whole[1], values / nulls)]
        measured = [(centre, sample.std(axis=0, ddof=1)) for centre, sample in rows]
    return [
        Distance(*(Measured(number(centre[k]), number(error[k])) for centre, error in measured))
        for k in range(value.shape[1])
    ]


def swap_distances(
    functional: Functional, reference: GroupSums, candidate: GroupSums, drawn: Resampling
) -> Float[np.ndarray, "swaps distances"]:
    """The distances of the whole samples, and after every swap of groups."""
    columns = [np.column_stack([sums.features, sums.weight]) for sums in (reference, candidate)]
    weights = float(reference.weight.sum()), float(candidate.weight.sum())
    left, right = swapped(columns[0], columns[1], weights, drawn.signs)
    return functional(left[:, :-1] / left[:, -1:], right[:, :-1] / right[:, -1:])
