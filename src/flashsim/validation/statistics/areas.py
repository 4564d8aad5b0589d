"""The area under a ROC curve, its error when events are correlated, and its significance by swaps."""

import numpy as np
from jaxtyping import Float, Int64
from scipy.stats import rankdata

from flashsim.validation.statistics.resampling import Resampling


def area_under_curve(
    reference: Float[np.ndarray, " n"],
    candidate: Float[np.ndarray, " m"],
    reference_weight: Float[np.ndarray, " n"] | None = None,
    candidate_weight: Float[np.ndarray, " m"] | None = None,
) -> tuple[float, Float[np.ndarray, " n"], Float[np.ndarray, " m"]]:
    """The AUC of candidate scores over reference scores (ties count half), and DeLong's placements.

    The placement of a reference row is the weighted fraction of candidates above it; of a candidate row the
    fraction of reference rows below it. The mean of either is the AUC.
    """
    below = _fraction_below(reference, reference_weight, candidate)
    above = 1.0 - _fraction_below(candidate, candidate_weight, reference)
    return float(np.average(below, weights=candidate_weight)), above, below


def clustered_error(
    area: float,
    reference_placement: Float[np.ndarray, " n"],
    candidate_placement: Float[np.ndarray, " m"],
    reference_event: Int64[np.ndarray, " n"],
    candidate_event: Int64[np.ndarray, " m"],
    reference_weight: Float[np.ndarray, " n"],
    candidate_weight: Float[np.ndarray, " m"],
) -> float:
    """DeLong's error of an AUC where rows of one event, in either sample, may be correlated (Obuchowski)."""
    influence = np.concatenate(
        [
            reference_weight * (reference_placement - area) / reference_weight.sum(),
            candidate_weight * (candidate_placement - area) / candidate_weight.sum(),
        ]
    )
    _, index = np.unique(np.concatenate([reference_event, candidate_event]), return_inverse=True)
    return float(np.sqrt((np.bincount(index, weights=influence) ** 2).sum()))


def roc_curve(
    score: Float[np.ndarray, " n"], label: Int64[np.ndarray, " n"], weight: Float[np.ndarray, " n"]
) -> tuple[list[float], list[float]]:
    """The ROC curve at 101 points equally spaced in the rank of the score."""
    order = np.argsort(-rankdata(score, method="ordinal"))
    curves = []
    for value in (0, 1):
        cumulative = np.concatenate([[0.0], np.cumsum(weight[order] * (label[order] == value))])
        at = np.linspace(0, len(score), 101).astype(np.int64)
        curves.append((cumulative[at] / cumulative[-1]).round(5).tolist())
    return curves[0], curves[1]


def area_swaps(
    score: Float[np.ndarray, " n"],
    candidate: Float[np.ndarray, " n"],
    weight: Float[np.ndarray, " n"],
    group: Int64[np.ndarray, " n"],
    drawn: Resampling,
) -> Float[np.ndarray, " swaps"]:
    """AUC - 1/2, at least 0, of scores that do not depend on the labels of these rows, under every swap of groups.

    It is the difference of the two samples' mean ranks among both samples at equal total weight, hence a sum over
    groups. `candidate` is 1 for rows of the candidate and 0 for the reference.
    """
    groups = drawn.signs.shape[1]
    sides = [weight * (candidate == side) for side in (0, 1)]
    rank = sum(_fraction_below(score, side, score) for side in sides) / 2 - 0.5
    sums = [np.bincount(group, weights=side * rank, minlength=groups) / side.sum() for side in sides]
    return np.maximum(drawn.signs @ (sums[1] - sums[0]), 0.0)


def _fraction_below(
    sample: Float[np.ndarray, " n"], weight: Float[np.ndarray, " n"] | None, at: Float[np.ndarray, " m"]
) -> Float[np.ndarray, " m"]:
    """The weighted fraction of a sample below each point, ties counted half."""
    order = np.argsort(sample)
    sums = np.concatenate([[0.0], np.cumsum(np.ones(len(sample)) if weight is None else weight[order])])
    ordered = sample[order]
    both = sums[np.searchsorted(ordered, at, "left")] + sums[np.searchsorted(ordered, at, "right")]
    return both / 2 / sums[-1]
