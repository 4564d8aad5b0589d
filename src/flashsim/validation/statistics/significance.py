"""How significant a whole table of tests is: one p-value a line, adjusted for all the others.

Every test is a statistic T >= 0, large when the samples differ, given for what was measured and after every swap.
Its square is compared with the gamma distribution that has the mean and variance of its square over the swaps
(Satterthwaite, Biometrics Bull. 2 (1946) 110), which turns T into a normal deviate z. That only puts the tests on
one scale: significance is counted in swaps. The adjusted p-value is the fraction of swaps whose largest z, of all
tests in the table, reaches z (Westfall and Young, Resampling-Based Multiple Testing, 1993; step-down). A family
of tests under a perfect candidate has an adjusted p-value below alpha somewhere with probability alpha, however the
tests depend on each other.
"""

import numpy as np
from jaxtyping import Float
from scipy.special import gammaincc, gammaln, ndtri_exp

LARGEST = 1e3
SQUARED = 1e100
"""The largest number whose square is taken."""


def finite(values: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
    """Values whose squares are numbers: 0 for what is none, and a large one for what has no end."""
    return np.clip(np.nan_to_num(values), -SQUARED, SQUARED)


def normal_deviates(statistics: Float[np.ndarray, "tests swaps"]) -> Float[np.ndarray, "tests swaps"]:
    """Every statistic as the normal deviate of its gamma approximation; 0 for one that never changes."""
    squares = finite(statistics) ** 2
    mean, variance = squares.mean(axis=1, keepdims=True), squares.var(axis=1, keepdims=True)
    constant = variance <= 1e-24 * np.maximum(mean, 1e-300) ** 2
    shape = np.where(constant, 1.0, mean**2 / np.where(constant, 1.0, variance))
    scaled = squares * shape / np.where(constant, 1.0, mean)
    with np.errstate(divide="ignore"):
        logarithm = np.log(gammaincc(shape, scaled))
        far = (shape - 1) * np.log(np.maximum(scaled, 1e-300)) - scaled - gammaln(shape)
    deviates = -ndtri_exp(np.minimum(np.where(logarithm < -600, far, logarithm), -1e-300))
    return np.where(constant, 0.0, np.clip(deviates, -LARGEST, LARGEST))


def adjusted_p_values(
    deviates: Float[np.ndarray, "tests swaps"],
) -> tuple[Float[np.ndarray, " tests"], Float[np.ndarray, " tests"]]:
    """The p-value of every test, alone and adjusted for the whole table (max-T, step-down)."""
    if not len(deviates):
        return np.zeros(0), np.zeros(0)
    found = deviates[:, :1] - 1e-9  # a swap that only rounds differently counts as reaching what was measured
    alone = (deviates >= found).mean(axis=1)
    order = np.argsort(-deviates[:, 0], kind="stable")
    rest = np.maximum.accumulate(deviates[order][::-1], axis=0)[::-1]
    adjusted = np.empty(len(deviates))
    adjusted[order] = np.maximum.accumulate((rest >= found[order]).mean(axis=1))
    return alone, adjusted


def combined(differences: Float[np.ndarray, "swaps n"]) -> Float[np.ndarray, " swaps"]:
    """One statistic of many signed differences: the root of the sum of their squares in units of their swap error."""
    return np.sqrt((_in_errors(differences) ** 2).sum(axis=1))


def largest(differences: Float[np.ndarray, "swaps n"]) -> Float[np.ndarray, " swaps"]:
    """One statistic of many signed differences: the largest in units of its swap error."""
    return np.abs(_in_errors(differences)).max(axis=1, initial=0.0)


def _in_errors(differences: Float[np.ndarray, "swaps n"]) -> Float[np.ndarray, "swaps n"]:
    differences = finite(differences)
    error = np.sqrt((differences**2).mean(axis=0))
    return np.divide(differences, error, out=np.zeros_like(differences), where=error > 1e-15)
