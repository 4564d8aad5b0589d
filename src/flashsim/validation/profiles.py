"""Centre and width of an output in bins of p, eta or whatever the view bins in."""

from itertools import pairwise

import numpy as np
from jaxtyping import Float

from flashsim.validation.binning import axes, axis_values, bin_index, round_edges
from flashsim.validation.distances import weighted_quantiles
from flashsim.validation.metrics import Measured, Profile, number
from flashsim.validation.views import StageView, Table

LEVELS = np.array([0.15865, 0.5, 0.84135])
MINIMUM_OBJECTS = 20
COUNTED = ("integer", "flag", "category")


def profiles(view: StageView, output: str) -> list[Profile]:
    """Profiles of centre and width: median and half the 68 % interval, or mean and deviation of what is counted.

    Errors are those of a Gaussian sample of the same effective size: 1.25 width / sqrt(n) for a median, and
    0.96 width / sqrt(n) for half the 68 % interval.
    """
    counted = view.types.get(output) in COUNTED
    made = []
    for axis in axes(view):
        values = axis_values(view, axis)
        edges = round_edges(values[0])
        sides = [
            _profile(table, output, bin_index(value, edges), len(edges) - 1, counted=counted)
            for table, value in zip((view.reference, view.candidate), values, strict=True)
        ]
        names = ("mean", "standard deviation") if counted else ("median", "68 % half-width")
        made += [
            Profile(axis, view.unit(axis), name, edges.tolist(), sides[0][k], sides[1][k])
            for k, name in enumerate(names)
        ]
    return made


def centre_and_width(
    values: Float[np.ndarray, " n"], weights: Float[np.ndarray, " n"], *, counted: bool
) -> tuple[Measured, Measured]:
    """Centre and width of a sample with their errors."""
    squares = (weights**2).sum()
    size = weights.sum() ** 2 / squares if squares > 0 else 0.0
    if size < MINIMUM_OBJECTS or not weights.sum() > 0:
        return Measured(None), Measured(None)
    if counted:
        centre = np.average(values, weights=weights)
        width = np.sqrt(max(np.average((values - centre) ** 2, weights=weights), 0.0))
        factors = (1.0, 1 / np.sqrt(2))
    else:
        low, centre, high = weighted_quantiles(values, weights, LEVELS)
        width, factors = (high - low) / 2, (1.2533, 0.964)
    errors = [factor * width / np.sqrt(size) for factor in factors]
    return Measured(number(centre), number(errors[0])), Measured(number(width), number(errors[1]))


def _profile(
    table: Table, output: str, index: np.ndarray, bins: int, *, counted: bool
) -> tuple[list[Measured], list[Measured]]:
    order = np.argsort(index, kind="stable")
    cuts = np.searchsorted(index[order], np.arange(bins + 1))
    values = np.asarray(table.columns[output], dtype=np.float64)[order]
    weights = table.weights[order]
    pairs = [
        centre_and_width(values[first:last], weights[first:last], counted=counted) for first, last in pairwise(cuts)
    ]
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]
