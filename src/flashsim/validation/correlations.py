"""Rank correlations among conditions and outputs: what the candidate has lost or invented."""

import numpy as np
from jaxtyping import Float
from scipy.stats import rankdata

from flashsim.validation.metrics import Correlations, Measured, number
from flashsim.validation.resampling import Blocks, jackknife
from flashsim.validation.views import StageView, Table


def correlations(view: StageView, blocks: Blocks) -> Correlations | None:
    """Spearman correlations of everything with every output; None for fewer than two variables."""
    names = list(dict.fromkeys([*view.conditions, *view.outputs]))
    if len(names) < 2:
        return None
    sums = [
        _block_products(table, names, block, blocks.count)
        for table, block in ((view.reference, blocks.reference), (view.candidate, blocks.candidate))
    ]

    def both(keep: Float[np.ndarray, " blocks"]) -> Float[np.ndarray, "2 d d"]:
        first, second = (_correlation(np.tensordot(keep, products, 1)) for products in sums)
        return np.stack([first, second - first])

    whole, error = jackknife(both, blocks.count)
    outputs = np.isin(names, view.outputs)
    judged = np.triu(outputs[:, None] | outputs[None, :], 1)
    row, column = np.unravel_index(np.argmax(np.abs(whole[1]) * judged), judged.shape)
    reference, difference = ([[round(float(cell), 5) for cell in line] for line in grid] for grid in whole)
    return Correlations(
        names,
        [list(line) for line in reference],
        [list(line) for line in difference],
        Measured(number(whole[1, row, column]), number(error[1, row, column])),
        [names[row], names[column]],
    )


def _block_products(table: Table, names: list[str], block: np.ndarray, count: int) -> Float[np.ndarray, "b k k"]:
    """Per block, weighted sums of products of ranks (with a column of ones, for the means)."""
    ranks = [rankdata(np.asarray(table.columns[name], np.float64)) / len(table) - 0.5 for name in names]
    columns = np.stack([np.ones(len(table)), *ranks], axis=1)
    weighted = columns * table.weights[:, None]
    return np.stack([weighted[block == k].T @ columns[block == k] for k in range(count)])


def _correlation(products: Float[np.ndarray, "k k"]) -> Float[np.ndarray, "d d"]:
    mean = products[0, 1:] / products[0, 0]
    covariance = products[1:, 1:] / products[0, 0] - np.outer(mean, mean)
    deviation = np.sqrt(np.maximum(np.diag(covariance), 1e-15))  # a constant column correlates with nothing
    return np.clip(covariance / np.outer(deviation, deviation), -1.0, 1.0)
