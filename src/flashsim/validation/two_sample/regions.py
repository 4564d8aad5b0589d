"""Where a classifier tells two samples apart: leaves of a shallow tree, in words."""

import numpy as np
from jaxtyping import Bool, Float, Int64
from sklearn.tree import DecisionTreeRegressor

from flashsim.validation.metrics import Measured, Range, Region, number

DEPTH = 3
SHOWN = 3
SMALLEST = 0.01


def most_separable(
    inputs: Float[np.ndarray, "n d"],
    names: list[str],
    score: Float[np.ndarray, " n"],
    label: Int64[np.ndarray, " n"],
    weight: Float[np.ndarray, " n"],
    event: Int64[np.ndarray, " n"],
) -> list[Region]:
    """The regions with the most significant difference of the two samples' fractions, worst first.

    A tree of depth 3 is grown on the score of a classifier that has not seen these rows, never on their labels, so
    that the fractions in its leaves are without bias. Each region holds at least 1 % of the rows.
    """
    smallest = max(50, int(SMALLEST * len(score)))
    if len(score) < 2 * smallest or not np.ptp(score) > 0:
        return []
    grown = DecisionTreeRegressor(max_depth=DEPTH, min_samples_leaf=smallest, random_state=0).fit(inputs, score)
    leaf = grown.apply(inputs)
    limits = _limits(grown, inputs.shape[1])
    found = []
    for node in np.unique(leaf):
        fractions = [_fraction(leaf == node, label == side, weight, event) for side in (0, 1)]
        (reference, first), (candidate, second) = fractions
        ranges = [
            Range(names[k], number(low), number(high))
            for k, (low, high) in enumerate(limits[node])
            if np.isfinite(low) or np.isfinite(high)
        ]
        significance = abs(candidate - reference) / max(np.hypot(first, second), 1e-12)
        region = Region(
            " and ".join(_words(one) for one in ranges) or "everywhere",
            ranges,
            Measured(number(reference), number(first)),
            Measured(number(candidate), number(second)),
        )
        found.append((significance, region))
    found.sort(key=lambda entry: -entry[0])
    return [region for _, region in found[:SHOWN]]


def _fraction(
    inside: Bool[np.ndarray, " n"],
    side: Bool[np.ndarray, " n"],
    weight: Float[np.ndarray, " n"],
    event: Int64[np.ndarray, " n"],
) -> tuple[float, float]:
    """The weighted fraction of one sample inside, and its error from the scatter of events."""
    weight, inside = weight[side], inside[side].astype(np.float64)
    fraction = float(weight @ inside / weight.sum())
    _, index = np.unique(event[side], return_inverse=True)
    influence = np.bincount(index, weight * (inside - fraction)) / weight.sum()
    return fraction, float(np.sqrt((influence**2).sum()))


def _limits(grown: DecisionTreeRegressor, size: int) -> dict[int, list[tuple[float, float]]]:
    """The box of every node."""
    tree = grown.tree_
    boxes: dict[int, list[tuple[float, float]]] = {0: [(-np.inf, np.inf)] * size}
    for node in range(tree.node_count):
        left, right = int(tree.children_left[node]), int(tree.children_right[node])
        if left < 0:
            continue
        feature, threshold = int(tree.feature[node]), float(tree.threshold[node])
        low, high = boxes[node][feature]
        for child, box in ((left, (low, min(high, threshold))), (right, (max(low, threshold), high))):
            boxes[child] = [*boxes[node][:feature], box, *boxes[node][feature + 1 :]]
    return boxes


def _words(one: Range) -> str:
    if one.low is None:
        return f"{one.name} ≤ {one.high:.4g}"
    if one.high is None:
        return f"{one.name} > {one.low:.4g}"
    return f"{one.low:.4g} < {one.name} ≤ {one.high:.4g}"
