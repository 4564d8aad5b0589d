"""Residuals over their own errors: whether the errors that a sample gives mean what they say."""

import numpy as np
from jaxtyping import Float

from flashsim.validation.coding.frame import Side, per_group
from flashsim.validation.ledger import Ledger
from flashsim.validation.metrics import Measured, Pull, number
from flashsim.validation.statistics import GROUPS, Resampling, Sizes, spread, swapped

LARGEST = 5.0


class PullSums:
    """Per group: weight, and first and second moment of a pull (at most 5 on either side)."""

    def __init__(self, title: str, column: str) -> None:
        self.title, self.column = title, column
        self.sums = np.zeros((GROUPS, 3))

    def add(self, side: Side) -> None:
        """Count the rows of a block."""
        pull = np.clip(np.asarray(side.table.columns[self.column], np.float64), -LARGEST, LARGEST)
        none = np.zeros(len(pull), dtype=np.int64)
        for k in range(3):
            self.sums[:, k] += per_group(side.group, none, side.weight * pull**k, 1)[:, 0]


def pull(sums: tuple[PullSums, PullSums], sizes: Sizes, drawn: Resampling, ledger: Ledger) -> Pull:
    """Mean and width of a pull in both samples, and their tests."""
    measured = []
    for side in sums:
        whole, error = spread(lambda chosen, side=side: _mean_and_width(chosen @ side.sums), drawn)
        measured += [Measured(number(value), number(width)) for value, width in zip(whole, error, strict=True)]
    weights = float(sizes[0].weight.sum()), float(sizes[1].weight.sum())
    left, right = (_mean_and_width(side) for side in swapped(sums[0].sums, sums[1].sums, weights, drawn.signs))
    for k, title in enumerate(("mean of the pull", "width of the pull")):
        ledger.enter(title, sums[0].title, np.nan_to_num(np.abs(left - right)[:, k]))
    return Pull(sums[0].title, *measured)


def _mean_and_width(sums: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 2"]:
    with np.errstate(invalid="ignore", divide="ignore"):
        mean, second = sums[:, 1] / sums[:, 0], sums[:, 2] / sums[:, 0]
    return np.stack([mean, np.sqrt(np.maximum(second - mean**2, 0.0))], axis=1)
