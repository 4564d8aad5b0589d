"""Weighted quantiles on a grid uniform in normal score, in float64."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.special import ndtri

EPSILON = float(np.finfo(np.float32).eps)
SMALLEST_PROBABILITY = 1e-12  # a row of negligible weight must not stretch the grid without end
# float32 numbers and their differences must not become subnormal.
SMALLEST_INCREMENT = 1e-36
# The slope beyond the outermost knots is that of the outermost half unit of normal score.
TAIL_WIDTH = 0.5


@dataclass(frozen=True)
class Quantiles:
    """The quantile function: ``values`` at the normal scores ``first + step * arange``."""

    first: float
    step: float
    values: Float[np.ndarray, " knots"]


def distribution(
    values: Float[np.ndarray, " n"], weights: Float[np.ndarray, " n"]
) -> tuple[Float[np.ndarray, " unique"], Float[np.ndarray, " unique"]]:
    """Distinct values and their mid-rank cumulative probability, non-decreasing in [0, 1].

    Ties share one entry in the middle of their step. With negative weights (sWeights) the cumulative sum can
    fall back; its running maximum is taken.
    """
    used = weights != 0
    distinct, where = np.unique(values[used], return_inverse=True)
    weight = np.bincount(where, weights=weights[used], minlength=len(distinct))
    middle = (np.cumsum(weight) - weight / 2) / weight.sum()
    return distinct, np.clip(np.maximum.accumulate(middle), 0.0, 1.0)


def quantiles(
    values: Float[np.ndarray, " n"],
    weights: Float[np.ndarray, " n"],
    count: int,
    *,
    ends: Float[np.ndarray, " 2"] | None = None,
) -> Quantiles:
    """``count`` knots uniform in normal score between the ``ends`` (probabilities), strictly increasing.

    By default the ends are the mid-ranks of the smallest and the largest value (0.5/n and 1 - 0.5/n), so that
    single order statistics are resolved. An extreme value that is itself tied fills the grid up to where the
    end would be if all distinct values were single: its probability must not leak beyond it.
    """
    distinct, cumulative = distribution(values, weights)
    low, high = ndtri(outermost(cumulative) if ends is None else ends)
    grid = np.linspace(low, high, count)
    inside = (cumulative > 0) & (cumulative < 1)
    rises = inside & (np.diff(cumulative, prepend=0.0) > 0)
    inner = np.clip(ndtri(cumulative[rises]), low, high)
    score = np.concatenate([[low], inner, [high]])
    value = np.concatenate([distinct[:1], distinct[rises], distinct[-1:]])
    # Interpolated in normal score, not in probability: between single order statistics the tail stays smooth.
    knots = np.interp(grid, score, value)
    below, above = np.interp([-1.0, 1.0], score, value)
    return Quantiles(low, (high - low) / (count - 1), separated(knots, (above - below) / 2))


def outermost(cumulative: Float[np.ndarray, " unique"]) -> Float[np.ndarray, " 2"]:
    """Where the grid begins and ends if it covers all probability: at mid-ranks as of single values."""
    single = 0.5 / len(cumulative)
    # Negative weights can leave nothing below the smallest or above the largest value.
    below, above = (end or single for end in (cumulative[0], 1 - cumulative[-1]))
    low, high = (max(min(end, single), SMALLEST_PROBABILITY) for end in (below, above))
    return np.array([low, 1 - high])


def middles(cumulative: Float[np.ndarray, " unique"]) -> Float[np.ndarray, " 2"]:
    """Mid-ranks of the smallest and of the largest value; where weights leave none, as ``outermost``."""
    low, high = cumulative[[0, -1]]
    usable = SMALLEST_PROBABILITY < low < high < 1 - SMALLEST_PROBABILITY
    return np.array([low, high]) if usable else outermost(cumulative)


def separated(knots: Float[np.ndarray, " knots"], width: float) -> Float[np.ndarray, " knots"]:
    """Strictly increasing knots, also after rounding to float32.

    The smallest increment is 8 float32 units in the last place, and at least 1e-6 of ``width`` (half the
    central 68 %, or all where those are tied). The ends stay where they are, as far as possible.
    """
    count = len(knots)
    width = width or knots[-1] - knots[0]
    apart = np.maximum(8 * EPSILON * np.abs(knots), max(1e-6 * width, SMALLEST_INCREMENT))
    apart = np.maximum(apart[1:], apart[:-1])
    result = knots.copy()
    for i in range(1, count // 2):
        result[i] = max(result[i], result[i - 1] + apart[i - 1])
    for i in range(count - 2, count // 2 - 1, -1):
        result[i] = min(result[i], result[i + 1] - apart[i])
    for i in range(1, count):
        result[i] = max(result[i], result[i - 1] + apart[i - 1])
    return result


def with_tails(fitted: Quantiles) -> Quantiles:
    """One knot more at each end, on the straight line that goes on with the slope of the tail."""
    values, step = fitted.values, fitted.step
    reach = min(max(int(TAIL_WIDTH / step), 2), len(values) - 1)
    below = values[0] - (values[reach] - values[0]) / reach
    above = values[-1] + (values[-1] - values[-1 - reach]) / reach
    return Quantiles(fitted.first - step, step, np.concatenate([[below], values, [above]]))
