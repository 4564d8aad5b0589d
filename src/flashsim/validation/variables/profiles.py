"""One output in bins of a condition: mean, width and quantiles of both samples, with errors and tests."""

import numpy as np
from jaxtyping import Float

from flashsim.validation.coding.frame import Frame, Side, per_group
from flashsim.validation.ledger import Ledger
from flashsim.validation.metrics import Measured, Profile, number
from flashsim.validation.statistics import GROUPS, Resampling, Sizes, combined, swapped
from flashsim.validation.variables.contents import COUNTED

LEVELS = np.array([0.05, 0.15865, 0.5, 0.84135, 0.95])
MINIMUM_OBJECTS = 20
HALF_STEP = 0.05

__all__ = ["COUNTED", "ProfileSums", "profiles"]


class ProfileSums:
    """Sums of one sample for one output in bins of one axis.

    Per group: the weight between the reference's quantiles of the bin, and the first two moments. In all: contents
    of the whole grid, from which quantiles are read.
    """

    def __init__(self, frame: Frame, first: Side, output: str, axis: str) -> None:
        self.output, self.axis = output, axis
        self.scale, self.edges = frame.scales[output], frame.axes[axis]
        self.bins = len(self.edges) - 1
        self.thresholds = _thresholds(first, output, axis, self.bins)
        self.between = np.zeros((GROUPS, self.bins * (len(LEVELS) + 1)))
        self.moments = np.zeros((2, GROUPS, self.bins))
        self.contents = np.zeros((self.bins, len(self.scale.grid)))
        self.squares = np.zeros(self.bins)

    def add(self, side: Side, standardised: Float[np.ndarray, " n"]) -> None:
        """Count the rows of a block; the output comes in robust sigma."""
        index, code = side.bins[self.axis], side.codes[self.output]
        level = sum((code > limit[index]).astype(np.int64) for limit in self.thresholds)
        self.between += per_group(
            side.group, index * (len(LEVELS) + 1) + level, side.weight, self.bins * (len(LEVELS) + 1)
        )
        weighted = side.weight * standardised
        self.moments[0] += per_group(side.group, index, weighted, self.bins)
        self.moments[1] += per_group(side.group, index, weighted * standardised, self.bins)
        size = len(self.scale.grid)
        self.contents += np.bincount(index * size + code, side.weight, self.bins * size).reshape(self.bins, size)
        self.squares += np.bincount(index, side.weight**2, self.bins)

    def features(self) -> Float[np.ndarray, "groups features"]:
        """Per group, bin by bin: weight, weight below each of the five levels, first and second moment."""
        below = np.cumsum(self.between.reshape(GROUPS, self.bins, -1), axis=2)
        parts = [below[..., -1:], below[..., :-1], self.moments[0][..., None], self.moments[1][..., None]]
        return np.concatenate(parts, axis=2).reshape(GROUPS, -1)


def profiles(
    sums: tuple[ProfileSums, ProfileSums], unit: str, sizes: Sizes, drawn: Resampling, ledger: Ledger, *, counted: bool
) -> list[Profile]:
    """The profiles of one output in one axis; of what is counted, mean and standard deviation only."""
    one = sums[0]
    features = [side.features() for side in sums]
    weights = float(sizes[0].weight.sum()), float(sizes[1].weight.sum())
    left, right = (_ratios(side, one.bins) for side in swapped(features[0], features[1], weights, drawn.signs))
    change = right - left
    variable = f"{one.output} in bins of {one.axis}"
    ledger.enter("profile of the mean", variable, combined(change[..., -2]))
    ledger.enter("profile of the width", variable, combined(change[..., -1]))
    if not counted:
        ledger.enter("profile of the quantiles", variable, combined(change[..., :-2].reshape(len(change), -1)))
    shown = [_shown(side, feature, drawn, counted=counted) for side, feature in zip(sums, features, strict=True)]
    return [Profile(one.axis, unit, name, one.edges.tolist(), shown[0][name], shown[1][name]) for name in shown[0]]


def _ratios(features: Float[np.ndarray, "n f"], bins: int) -> Float[np.ndarray, "n bins 7"]:
    """Fractions below the five levels, mean and standard deviation, of every bin."""
    cells = features.reshape(len(features), bins, -1)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratios = cells[..., 1:] / cells[..., :1]
        ratios[..., -1] = np.sqrt(np.maximum(ratios[..., -1] - ratios[..., -2] ** 2, 0.0))
    return ratios


def _shown(
    side: ProfileSums, features: Float[np.ndarray, "groups f"], drawn: Resampling, *, counted: bool
) -> dict[str, list[Measured]]:
    """Every statistic of one sample in every bin, with bootstrap errors."""
    scale = side.scale
    whole = _ratios(features.sum(axis=0, keepdims=True), side.bins)[0]
    again = _ratios(drawn.multiplicity @ features, side.bins)
    with np.errstate(invalid="ignore", divide="ignore"):
        size = side.contents.sum(axis=1) ** 2 / side.squares
    enough = (size >= MINIMUM_OBJECTS) & (side.contents.sum(axis=1) > 0)

    def measured(values: np.ndarray, replicas: np.ndarray) -> list[Measured]:
        errors = replicas.std(axis=0, ddof=1)
        return [
            Measured(number(value), number(error)) if filled else Measured(None)
            for value, error, filled in zip(values, errors, enough, strict=True)
        ]

    mean = measured(scale.centre + scale.width * whole[:, -2], scale.width * again[..., -2])
    deviation = measured(scale.width * whole[:, -1], scale.width * again[..., -1])
    if counted:
        return {"mean": mean, "standard deviation": deviation}
    quantiles, slopes = _quantiles(side)
    moved = quantiles - (again[..., :-2] - whole[:, :-2]) * slopes
    return {
        "median": measured(quantiles[:, 2], moved[..., 2]),
        "68 % half-width": measured((quantiles[:, 3] - quantiles[:, 1]) / 2, (moved[..., 3] - moved[..., 1]) / 2),
        "mean": mean,
        "5 % quantile": measured(quantiles[:, 0], moved[..., 0]),
        "95 % quantile": measured(quantiles[:, 4], moved[..., 4]),
    }


def _quantiles(side: ProfileSums) -> tuple[Float[np.ndarray, "bins 5"], Float[np.ndarray, "bins 5"]]:
    """Quantiles of every bin, and how fast they change with the level (Bahadur): errors follow from fractions."""
    levels = np.concatenate([LEVELS, LEVELS - HALF_STEP, LEVELS + HALF_STEP])
    cumulative = np.maximum.accumulate(np.cumsum(side.contents, axis=1), axis=1)
    found = np.stack([np.interp(levels * row[-1], row, side.scale.grid) for row in cumulative])
    middle, low, high = np.split(found, 3, axis=1)
    return middle, (high - low) / (2 * HALF_STEP)


def _thresholds(first: Side, output: str, axis: str, bins: int) -> Float[np.ndarray, "levels bins"]:
    """Quantiles of the first rows of the reference in every bin, as codes."""
    found = np.zeros((len(LEVELS), bins))
    for k in range(bins):
        codes = first.codes[output][first.bins[axis] == k]
        if len(codes):
            found[:, k] = np.quantile(codes, LEVELS, method="lower")
    return found
