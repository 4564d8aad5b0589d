"""Rank correlations and covariances among conditions and outputs: what the candidate has lost or invented."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from flashsim.validation.coding.frame import Frame, Side
from flashsim.validation.ledger import ALL, Ledger
from flashsim.validation.metrics import Correlations, Distance, Measured, number
from flashsim.validation.statistics import (
    GROUPS,
    GroupSums,
    Resampling,
    Sizes,
    beside_null,
    combined,
    largest,
    spread,
    swapped,
)


class Products:
    """Per group, the weighted sums of products of all columns (with a column of ones, for the means)."""

    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        size = len(frame.names) + 1
        self.ranks = np.zeros((GROUPS, size, size))
        self.values = np.zeros((GROUPS, size, size))

    def add(self, side: Side) -> None:
        """Count the rows of a block."""
        order = np.argsort(side.group, kind="stable")
        cuts = np.searchsorted(side.group[order], np.arange(GROUPS + 1))
        weight, ones = side.weight[order, None], np.ones(len(order))
        scales = self.frame.scales
        ranks = [scales[name].ranks[codes] - 0.5 for name, codes in side.codes.items()]
        values = [scale.standardised(side.table.columns[name]) for name, scale in scales.items()]
        for sums, columns in ((self.ranks, ranks), (self.values, values)):
            matrix = np.stack([ones, *columns], axis=1)[order]
            weighted = matrix * weight
            for k in range(GROUPS):
                rows = slice(cuts[k], cuts[k + 1])
                sums[k] += weighted[rows].T @ matrix[rows]


@dataclass(frozen=True)
class Found:
    """The matrices for the page, and the root mean square difference beside its null with its test."""

    matrices: Correlations
    distance: Distance


def correlations(
    products: tuple[Products, Products], sizes: Sizes, drawn: Resampling, ledger: Ledger
) -> tuple[Found, Found] | None:
    """Rank correlations, and covariances in robust sigma, of everything with every output; None for one variable."""
    frame = products[0].frame
    if len(frame.names) < 2:
        return None
    outputs = np.isin(frame.names, frame.view.outputs)
    judged = np.triu(outputs[:, None] | outputs[None, :])
    ranks = (products[0].ranks, products[1].ranks)
    values = (products[0].values, products[1].values)
    return (
        _measure("rank correlation", ranks, sizes, np.triu(judged, 1), frame, drawn, ledger),
        _measure("covariance", values, sizes, judged, frame, drawn, ledger),
    )


def _measure(
    title: str,
    sums: tuple[np.ndarray, np.ndarray],
    sizes: Sizes,
    judged: Bool[np.ndarray, "d d"],
    frame: Frame,
    drawn: Resampling,
    ledger: Ledger,
) -> Found:
    size = sums[0].shape[1]
    flat = [part.reshape(GROUPS, -1) for part in sums]
    row, column = np.nonzero(judged)
    matrix = _covariance if title == "covariance" else _correlation

    def cells(features: Float[np.ndarray, "n f"]) -> Float[np.ndarray, "n pairs"]:
        return matrix(features.reshape(-1, size, size))[:, row, column]

    def functional(left: Float[np.ndarray, "n f"], right: Float[np.ndarray, "n f"]) -> Float[np.ndarray, "n 1"]:
        return np.sqrt(((cells(left) - cells(right)) ** 2).mean(axis=1))[:, None]

    def both(chosen: Float[np.ndarray, "n groups"]) -> Float[np.ndarray, "n 2 d d"]:
        first, second = (matrix((chosen @ part).reshape(-1, size, size)) for part in flat)
        return np.stack([first, second - first], axis=1)

    whole, error = spread(both, drawn)
    weights = float(sizes[0].weight.sum()), float(sizes[1].weight.sum())
    left, right = swapped(flat[0], flat[1], weights, drawn.signs)
    differences = cells(right) - cells(left)
    ledger.enter(f"{title}, worst pair", ALL, largest(differences))
    ledger.enter(f"{title}, all pairs", ALL, combined(differences))
    group_sums = [GroupSums(part, s.weight, s.squares) for part, s in zip(flat, sizes, strict=True)]
    worst = int(np.argmax(np.abs(whole[1][row, column])))
    at = row[worst], column[worst]
    reference, difference = ([[round(float(cell), 5) for cell in line] for line in grid] for grid in whole)
    return Found(
        Correlations(
            frame.names,
            [list(line) for line in reference],
            [list(line) for line in difference],
            Measured(number(whole[1][at]), number(error[1][at])),
            [frame.names[at[0]], frame.names[at[1]]],
        ),
        beside_null(functional, group_sums[0], group_sums[1], drawn)[0],
    )


def _covariance(products: Float[np.ndarray, "n k k"]) -> Float[np.ndarray, "n d d"]:
    with np.errstate(invalid="ignore", divide="ignore"):
        scaled = products / products[:, :1, :1]
    mean = scaled[:, 0, 1:]
    return scaled[:, 1:, 1:] - mean[:, :, None] * mean[:, None, :]


def _correlation(products: Float[np.ndarray, "n k k"]) -> Float[np.ndarray, "n d d"]:
    covariance = _covariance(products)
    variance = np.diagonal(covariance, axis1=1, axis2=2)
    deviation = np.sqrt(np.maximum(variance, 1e-15))  # a constant column correlates with nothing
    return np.clip(covariance / (deviation[:, :, None] * deviation[:, None, :]), -1.0, 1.0)
