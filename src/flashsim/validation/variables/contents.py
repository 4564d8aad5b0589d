"""One output at a time: its distribution in both samples, distances with their nulls, and tails."""

import numpy as np
from jaxtyping import Float

from flashsim.validation.coding.frame import Side, per_group
from flashsim.validation.coding.scales import TAIL_SIGMAS, Scale
from flashsim.validation.ledger import Ledger
from flashsim.validation.metrics import Distance, Measured, Tail, number
from flashsim.validation.statistics import (
    GROUPS,
    GroupSums,
    Resampling,
    Sizes,
    beside_null,
    combined,
    spread,
    swap_distances,
    swapped,
)
from flashsim.validation.statistics.cumulative import PARTS, cumulative_distances

LEVELS = np.array([0.15865, 0.5, 0.84135])
COUNTED = ("integer", "flag", "category")


class Contents:
    """The contents of every grid point of a scale, per group, of one sample."""

    def __init__(self, scale: Scale) -> None:
        self.scale = scale
        self.filled = np.zeros((GROUPS, len(scale.grid)))

    def add(self, side: Side, name: str) -> None:
        """Count the rows of a block."""
        self.filled += per_group(side.group, side.codes[name], side.weight, len(self.scale.grid))

    def quantiles(self, chosen: Float[np.ndarray, "n groups"], levels: Float[np.ndarray, " q"]) -> np.ndarray:
        """Quantiles of n choices of groups; the cumulative is made monotone where weights are negative."""
        cumulative = np.maximum.accumulate(np.cumsum(chosen @ self.filled, axis=1), axis=1)
        return np.stack([np.interp(levels * row[-1], row, self.scale.grid) for row in cumulative])

    def mean_and_deviation(self, chosen: Float[np.ndarray, "n groups"]) -> Float[np.ndarray, "n 2"]:
        """Mean and standard deviation of n choices of groups, in the unit of the column."""
        offset = (self.scale.grid - self.scale.centre) / self.scale.width
        weights = chosen @ self.filled
        with np.errstate(invalid="ignore", divide="ignore"):
            first, second = (weights @ power / weights.sum(axis=1) for power in (offset, offset**2))
        deviation = np.sqrt(np.maximum(second - first**2, 0.0))
        return np.stack([self.scale.centre + first * self.scale.width, deviation * self.scale.width], axis=1)

    def centre_and_width(self, chosen: Float[np.ndarray, "n groups"], *, counted: bool) -> Float[np.ndarray, "n 2"]:
        """Median and half the 68 % interval; of what is counted, mean and standard deviation."""
        if counted:
            return self.mean_and_deviation(chosen)
        quantiles = self.quantiles(chosen, LEVELS)
        return np.stack([quantiles[:, 1], (quantiles[:, 2] - quantiles[:, 0]) / 2], axis=1)


def distances(
    contents: tuple[Contents, Contents], sizes: Sizes, drawn: Resampling, ledger: Ledger, variable: str
) -> dict[str, Distance]:
    """Wasserstein (whole, core, tails) and KS beside their nulls, and their tests with those of centre and width."""
    scale = contents[0].scale
    sums = [
        GroupSums(np.cumsum(one.filled, axis=1), size.weight, size.squares)
        for one, size in zip(contents, sizes, strict=True)
    ]
    functional = cumulative_distances(scale.grid, scale.centre, scale.width)
    found: dict[str, Distance] = dict(zip(PARTS, beside_null(functional, sums[0], sums[1], drawn), strict=True))
    swaps = swap_distances(functional, sums[0], sums[1], drawn)
    for part in ("wasserstein", "wasserstein_tails", "kolmogorov_smirnov"):
        ledger.enter(part.replace("_", " "), variable, swaps[:, PARTS.index(part)])
    for title, change in zip(("centre", "width"), _score_changes(contents, sizes, drawn), strict=True):
        ledger.enter(title, variable, np.abs(change))
    return found


def centre_width_and_changes(
    contents: tuple[Contents, Contents], drawn: Resampling, *, counted: bool
) -> tuple[Measured, Measured, Measured, Measured]:
    """Centre and width of the reference, the shift of the centre and the ratio of the widths."""

    def statistic(chosen: Float[np.ndarray, "n groups"]) -> Float[np.ndarray, "n 4"]:
        first, second = (one.centre_and_width(chosen, counted=counted) for one in contents)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.column_stack([first, second[:, 0] - first[:, 0], second[:, 1] / first[:, 1]])

    whole, error = spread(statistic, drawn)
    measured = [Measured(number(value), number(width)) for value, width in zip(whole, error, strict=True)]
    return measured[0], measured[1], measured[2], measured[3]


def tail_fractions(
    contents: tuple[Contents, Contents], sizes: Sizes, drawn: Resampling, ledger: Ledger, variable: str
) -> list[Tail]:
    """The fractions beyond 3, 4 and 5 robust sigma of the reference, on each side, and their ratios."""
    scale = contents[0].scale
    tails: list[Tail] = []
    weights = sizes[0].weight.sum(), sizes[1].weight.sum()
    for sigmas in TAIL_SIGMAS:
        low, high = scale.grid <= scale.centre - sigmas * scale.width, scale.grid > scale.centre + sigmas * scale.width
        beyond = [one.filled @ np.stack([low, high], axis=1).astype(np.float64) for one in contents]

        def statistic(
            chosen: Float[np.ndarray, "n groups"], beyond: list[np.ndarray] = beyond
        ) -> Float[np.ndarray, "n 3 2"]:
            with np.errstate(invalid="ignore", divide="ignore"):
                first, second = (
                    chosen @ part / (chosen @ size.weight)[:, None] for part, size in zip(beyond, sizes, strict=True)
                )
                return np.stack([first, second, np.where(first > 0, second / first, np.nan)], axis=1)

        whole, error = spread(statistic, drawn)
        for k, side in enumerate(("low", "high")):
            measured = [Measured(number(whole[row, k]), number(error[row, k])) for row in range(3)]
            tails.append(Tail(sigmas, "low" if side == "low" else "high", *measured))
        left, right = swapped(beyond[0], beyond[1], weights, drawn.signs)
        ledger.enter(f"tails beyond {sigmas:g} σ", variable, combined(left - right))
    return tails


def _score_changes(
    contents: tuple[Contents, Contents], sizes: Sizes, drawn: Resampling
) -> tuple[Float[np.ndarray, " swaps"], Float[np.ndarray, " swaps"]]:
    """The changes of mean and deviation of the normal score, for every swap."""
    scores = contents[0].scale.scores
    powers = np.stack([scores, scores**2], axis=1)
    sums = [np.column_stack([one.filled @ powers, size.weight]) for one, size in zip(contents, sizes, strict=True)]
    weights = float(sizes[0].weight.sum()), float(sizes[1].weight.sum())
    means, deviations = [], []
    for side in swapped(sums[0], sums[1], weights, drawn.signs):
        mean, second = side[:, 0] / side[:, 2], side[:, 1] / side[:, 2]
        means.append(mean)
        deviations.append(np.sqrt(np.maximum(second - mean**2, 0.0)))
    return means[1] - means[0], deviations[1] - deviations[0]
