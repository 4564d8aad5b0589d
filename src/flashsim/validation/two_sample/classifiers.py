"""The two classifiers of the two-sample test, behind one small face."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Int64, Shaped
from scipy.special import ndtri
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.neural_network import MLPClassifier

from flashsim.validation.statistics import FULL

LEVELS = 250
NEURONS = (64, 64)
BATCH = 1000
RANKS = 1000


@dataclass(frozen=True)
class Fitted:
    """A classifier that tells how much rows look like the candidate.

    `coded` brings every column to the form in which the classifier sees it, `score` is of rows in that form: a
    column that is shuffled need not be coded again.
    """

    coded: Callable[[Float[np.ndarray, "n d"]], Shaped[np.ndarray, "n d"]]
    score: Callable[[Shaped[np.ndarray, "n d"]], Float[np.ndarray, " n"]]

    def __call__(self, inputs: Float[np.ndarray, "n d"]) -> Float[np.ndarray, " n"]:
        """A score per row."""
        return self.score(self.coded(inputs))


@runtime_checkable
class Fit(Protocol):
    """How a classifier is trained: on positive weights, from rows and labels (1: candidate)."""

    def __call__(
        self,
        inputs: Float[np.ndarray, "n d"],
        label: Int64[np.ndarray, " n"],
        weight: Float[np.ndarray, " n"],
        seed: int,
    ) -> Fitted:
        """The trained classifier."""
        ...


def fit_forest(
    inputs: Float[np.ndarray, "n d"],
    label: Int64[np.ndarray, " n"],
    weight: Float[np.ndarray, " n"],
    seed: int,
    *,
    trees: int = FULL.trees,
) -> Fitted:
    """A boosted forest: so many trees of at most 31 leaves.

    Columns are binned here: the forest's own binning sorts a column of weighted rows once a bin, which takes most of
    the time of its training.
    """
    grids = [np.unique(grid) for grid in np.quantile(inputs, np.linspace(0, 1, LEVELS), axis=0).T]

    def binned(rows: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n d"]:
        columns = [np.searchsorted(grid, rows[:, k]) for k, grid in enumerate(grids)]
        return np.minimum(np.stack(columns, axis=1), LEVELS - 1).astype(np.float64)

    forest = HistGradientBoostingClassifier(
        max_iter=trees,
        learning_rate=0.1,
        min_samples_leaf=50,
        early_stopping=False,  # pyright: ignore[reportArgumentType]
        random_state=seed,
    )
    forest.fit(binned(inputs), label, sample_weight=weight)
    return Fitted(binned, lambda rows: np.asarray(forest.predict_proba(rows))[:, 1])


def fit_network(
    inputs: Float[np.ndarray, "n d"],
    label: Int64[np.ndarray, " n"],
    weight: Float[np.ndarray, " n"],
    seed: int,
    *,
    epochs: int = FULL.epochs,
) -> Fitted:
    """A network of two layers of 64 neurons on normal scores: it sees smooth joint differences that trees miss."""
    levels = np.linspace(0, 1, RANKS)
    quantiles = np.quantile(inputs, levels, axis=0)
    scores = ndtri(np.clip(levels, 0.5 / len(inputs), 1 - 0.5 / len(inputs)))

    def transformed(rows: Float[np.ndarray, "n d"]) -> Shaped[np.ndarray, "n d"]:
        columns = []
        for k in range(rows.shape[1]):
            grid, first, times = np.unique(quantiles[:, k], return_index=True, return_counts=True)
            columns.append(np.interp(rows[:, k], grid, (scores[first] + scores[first + times - 1]) / 2))
        return np.stack(columns, axis=1).astype(np.float32)  # half the time of its products

    network = MLPClassifier(NEURONS, batch_size=min(BATCH, len(inputs)), random_state=seed)  # pyright: ignore[reportArgumentType]
    rows = transformed(inputs)
    for _ in range(epochs):
        network.partial_fit(rows, label, classes=[0, 1], sample_weight=weight)
    return Fitted(transformed, lambda rows: np.asarray(network.predict_proba(rows), dtype=np.float64)[:, 1])
