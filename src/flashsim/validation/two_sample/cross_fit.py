"""The two-sample test: how well a classifier tells the candidate from the reference, by what, and where."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int64, Shaped
from threadpoolctl import threadpool_limits

from flashsim.random import hashed
from flashsim.validation.ledger import ALL, Ledger
from flashsim.validation.metrics import Importance, Measured, TwoSample, number
from flashsim.validation.statistics import FULL, Resampling, group_of
from flashsim.validation.statistics.areas import area_swaps, area_under_curve, clustered_error, roc_curve
from flashsim.validation.threads import in_threads
from flashsim.validation.two_sample.classifiers import Fit, Fitted
from flashsim.validation.two_sample.regions import most_separable
from flashsim.validation.views import StageView, Table

FOLDS = 3


@dataclass(frozen=True)
class Rows:
    """The rows of both samples (label 1: candidate) with weights of equal sum."""

    inputs: Float[np.ndarray, "n d"]
    label: Int64[np.ndarray, " n"]
    weight: Float[np.ndarray, " n"]
    event: Int64[np.ndarray, " n"]

    def of(self, chosen: Bool[np.ndarray, " n"] | Int64[np.ndarray, " k"]) -> "Rows":
        """Some of the rows."""
        return Rows(self.inputs[chosen], self.label[chosen], self.weight[chosen], self.event[chosen])


@dataclass(frozen=True)
class Fold:
    """What one classifier found in the rows it did not see."""

    test: Bool[np.ndarray, " all"]
    score: Float[np.ndarray, " n"]
    placement: Float[np.ndarray, " n"]
    area: float
    drops: Float[np.ndarray, " d"]
    swaps: Float[np.ndarray, " swaps"]


def two_sample_test(
    kept: StageView,
    names: list[str],
    title: str,
    fit: Fit,
    drawn: Resampling,
    ledger: Ledger,
    *,
    seed: int = 0,
    shuffled_rows: int = FULL.shuffled_rows,
) -> TwoSample:
    """Train on the named columns, cross-fitted by event, and measure the AUC on what was not seen.

    A classifier is trained on positive weights only (it knows no negative ones); the AUC is measured with all.

    Given the classifier of a fold, the rows of the fold may be swapped like those of any other test, and no
    assumption on the classifier is made. Folds share most of their training rows, so their areas are correlated:
    the test takes the largest deviate of the folds and not their mean.
    """
    rows = _rows(kept, names)
    generator = np.random.default_rng([seed, 0xC257])
    fold = (hashed(rows.event, salt=2) % np.uint64(FOLDS)).astype(np.int64)
    streams = generator.spawn(FOLDS)

    def fit_and_test(k: int) -> Fold | None:
        return _fold(rows, fold == k, fit, drawn, streams[k], seed, shuffled_rows)

    # A thread a fold, each with one OpenMP thread: OpenMP's own threads wait by spinning, which costs a shared
    # machine up to ten times the time.
    folds = [found for found in in_threads(fit_and_test, range(FOLDS)) if found is not None]
    sizes = len(kept.reference), len(kept.candidate)
    if not folds:
        return TwoSample(Measured(None), *sizes, 0, classifier=title, inputs=names)
    score, placement = np.zeros(len(rows.label)), np.zeros(len(rows.label))
    tested = np.zeros(len(rows.label), dtype=bool)
    for found in folds:
        score[found.test], placement[found.test] = found.score, found.placement - found.area
        tested |= found.test
    ledger.enter(f"two-sample AUC, {title}", ALL, _largest_of([found.swaps for found in folds]))
    area = float(np.mean([found.area for found in folds]))
    low = rows.label == 0
    error = clustered_error(
        0.0, placement[low], placement[~low], rows.event[low], rows.event[~low], rows.weight[low], rows.weight[~low]
    )
    drops = np.stack([found.drops for found in folds])
    drop, spread = drops.mean(axis=0), drops.std(axis=0) / np.sqrt(max(len(drops) - 1, 1))
    seen = rows.of(tested)
    return TwoSample(
        Measured(number(area), number(error)),
        *sizes,
        len(folds),
        *roc_curve(score[tested], seen.label, seen.weight),
        [Importance(names[k], Measured(number(drop[k]), number(spread[k]))) for k in np.argsort(-drop)],
        title,
        names,
        most_separable(seen.inputs, names, score[tested], seen.label, seen.weight, seen.event),
    )


def _fold(
    rows: Rows,
    test: Bool[np.ndarray, " all"],
    fit: Fit,
    drawn: Resampling,
    generator: np.random.Generator,
    seed: int,
    shuffled_rows: int,
) -> Fold | None:
    """Train on all but a fold, test on the fold; None where either lacks one of the samples."""
    train, seen = rows.of(~test & (rows.weight > 0)), rows.of(test)
    if len(np.unique(train.label)) < 2 or len(np.unique(seen.label)) < 2:
        return None
    with threadpool_limits(1, user_api="openmp"):
        fitted = fit(train.inputs, train.label, train.weight, seed)
        score = fitted(seen.inputs)
        low = seen.label == 0
        placement = np.zeros(len(score))
        area, placement[low], placement[~low] = area_under_curve(
            score[low], score[~low], seen.weight[low], seen.weight[~low]
        )
        drops = _shuffled_drops(fitted, seen.of(generator.permutation(len(score))[:shuffled_rows]), generator)
    swaps = area_swaps(score, seen.label.astype(np.float64), seen.weight, group_of(seen.event), drawn)
    return Fold(test, score, placement, area, drops, swaps)


def _largest_of(swaps: list[Float[np.ndarray, " swaps"]]) -> Float[np.ndarray, " swaps"]:
    """The largest of several areas above 1/2, each in units of its swap error."""
    errors = [max(float(np.sqrt((one**2).mean())), 1e-15) for one in swaps]
    return np.max([one / error for one, error in zip(swaps, errors, strict=True)], axis=0)


def _shuffled_drops(fitted: Fitted, rows: Rows, generator: np.random.Generator) -> Float[np.ndarray, " d"]:
    """By how much the AUC falls when each column in turn is shuffled over the rows."""
    low = rows.label == 0

    def area(coded: Shaped[np.ndarray, "n d"]) -> float:
        score = fitted.score(coded)
        return area_under_curve(score[low], score[~low], rows.weight[low], rows.weight[~low])[0]

    coded = fitted.coded(rows.inputs)
    whole = area(coded)
    drops = np.zeros(coded.shape[1])
    for k in range(len(drops)):
        shuffled = coded.copy()
        shuffled[:, k] = generator.permutation(coded[:, k])
        drops[k] = whole - area(shuffled)
    return drops


def _rows(kept: StageView, names: list[str]) -> Rows:
    tables = (kept.reference, kept.candidate)
    label = np.repeat(np.array([0, 1], dtype=np.int64), [len(table) for table in tables])
    return Rows(
        np.concatenate([_matrix(table, names) for table in tables]),
        label,
        np.concatenate([table.weights / table.weights.sum() * len(label) / 2 for table in tables]),
        np.concatenate([table.event for table in tables]),
    )


def _matrix(table: Table, names: list[str]) -> Float[np.ndarray, "n d"]:
    columns: list[Shaped[np.ndarray, " n"]] = [np.asarray(table.columns[name], np.float64) for name in names]
    return np.stack(columns, axis=1)
