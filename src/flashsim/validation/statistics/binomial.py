"""Intervals and pulls of counted efficiencies, exact where objects are few."""

import numpy as np
from jaxtyping import Float
from scipy.special import betainc, betaincinv, ndtri
from scipy.stats import hypergeom

LARGEST_PULL = 10.0
ONE_SIGMA = 0.15865


def clopper_pearson(
    passed: Float[np.ndarray, "..."], total: Float[np.ndarray, "..."]
) -> tuple[Float[np.ndarray, "..."], Float[np.ndarray, "..."]]:
    """The central 68.27 % Clopper-Pearson interval of an efficiency."""
    passed, failed = np.clip(passed, 0, total), np.clip(total - passed, 0, total)
    low = np.where(passed > 0, betaincinv(np.maximum(passed, 1e-9), failed + 1, ONE_SIGMA), 0.0)
    high = np.where(failed > 0, betaincinv(passed + 1, np.maximum(failed, 1e-9), 1 - ONE_SIGMA), 1.0)
    return low, high


def pull_from_probabilities(
    passed: Float[np.ndarray, "..."], mean: Float[np.ndarray, "..."], variance: Float[np.ndarray, "..."]
) -> Float[np.ndarray, "..."]:
    """The pull of observed counts against a binomial of the predicted mean and variance (mid-p)."""
    mean = np.maximum(mean, 1e-12)
    failing = np.clip(variance / mean, 1e-12, 1 - 1e-12)
    trials = mean / (1 - failing)

    def at_most(count: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
        inside = np.clip(trials - count, 1e-9, None)
        below = betainc(inside, np.maximum(count, -0.999999) + 1, failing)
        return np.where(count < 0, 0.0, np.where(count >= trials, 1.0, below))

    return _pull((at_most(passed - 1) + at_most(passed)) / 2)


def pull_from_counts(
    passed: Float[np.ndarray, "..."],
    total: Float[np.ndarray, "..."],
    other_passed: Float[np.ndarray, "..."],
    other_total: Float[np.ndarray, "..."],
) -> Float[np.ndarray, "..."]:
    """The pull between two counted efficiencies: Fisher's exact test (mid-p)."""
    passed, total, other_passed, other_total = (
        np.rint(counts).astype(np.int64) for counts in (passed, total, other_passed, other_total)
    )
    both = (total + other_total, passed + other_passed, total)
    return _pull((hypergeom.cdf(passed - 1, *both) + hypergeom.cdf(passed, *both)) / 2)


def _pull(probability: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
    return np.clip(ndtri(np.clip(probability, 0.0, 1.0)), -LARGEST_PULL, LARGEST_PULL)
