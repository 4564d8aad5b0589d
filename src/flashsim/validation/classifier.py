"""The classifier two-sample test: how well a boosted forest tells the candidate from the reference."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int64, Shaped
from scipy.stats import rankdata
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from flashsim.validation.metrics import Importance, Measured, TwoSample, number
from flashsim.validation.views import StageView, Table

FOLDS = 3
ROWS = 50_000
SHUFFLED_ROWS = 5_000
TREES = 100


def area_under_curve(
    reference: Float[np.ndarray, " n"],
    candidate: Float[np.ndarray, " m"],
    reference_weight: Float[np.ndarray, " n"] | None = None,
    candidate_weight: Float[np.ndarray, " m"] | None = None,
) -> tuple[float, Float[np.ndarray, " n"], Float[np.ndarray, " m"]]:
    """The AUC of candidate scores over reference scores (ties count half), and DeLong's placements.

    The placement of a reference row is the weighted fraction of candidates above it; of a candidate row the
    fraction of reference rows below it. The mean of either is the AUC.
    """
    below = _fraction_below(reference, reference_weight, candidate)
    above = 1.0 - _fraction_below(candidate, candidate_weight, reference)
    return float(np.average(below, weights=candidate_weight)), above, below


def clustered_error(
    area: float,
    reference_placement: Float[np.ndarray, " n"],
    candidate_placement: Float[np.ndarray, " m"],
    reference_event: Int64[np.ndarray, " n"],
    candidate_event: Int64[np.ndarray, " m"],
    reference_weight: Float[np.ndarray, " n"],
    candidate_weight: Float[np.ndarray, " m"],
) -> float:
    """DeLong's error of an AUC where rows of one event, in either sample, may be correlated (Obuchowski)."""
    influence = np.concatenate(
        [
            reference_weight * (reference_placement - area) / reference_weight.sum(),
            candidate_weight * (candidate_placement - area) / candidate_weight.sum(),
        ]
    )
    _, index = np.unique(np.concatenate([reference_event, candidate_event]), return_inverse=True)
    return float(np.sqrt((np.bincount(index, weights=influence) ** 2).sum()))


def two_sample_test(view: StageView, *, seed: int = 0, rows: int = ROWS, folds: int = FOLDS) -> TwoSample:
    """Train on conditions and outputs, cross-fitted by event, and measure the AUC on what was not seen.

    The forest is trained on positive weights only (it knows no negative ones); the AUC is measured with all.
    """
    generator = np.random.default_rng([seed, 0xC257])
    names = list(dict.fromkeys([*view.conditions, *view.outputs]))
    reference, candidate = _capped(view, rows, generator)
    inputs = np.concatenate([_matrix(reference, names), _matrix(candidate, names)])
    label = np.repeat(np.array([0, 1], dtype=np.int64), [len(reference), len(candidate)])
    event = np.concatenate([reference.event, candidate.event])
    weight = np.concatenate([table.weights / table.weights.sum() * len(label) / 2 for table in (reference, candidate)])
    events, index = np.unique(event, return_inverse=True)
    folds = min(folds, len(events))
    fold = (generator.permutation(len(events)) % folds)[index]
    streams = generator.spawn(folds)

    def fit_and_test(k: int) -> Fold | None:
        return _fold(inputs, label, weight, fold == k, streams[k], seed)

    # A thread a fold, each with one OpenMP thread: OpenMP's own threads wait by spinning, which costs a shared
    # machine up to ten times the time.
    with ThreadPoolExecutor(max_workers=len(os.sched_getaffinity(0)) if folds > 1 else 1) as pool:
        fitted = [found for found in pool.map(fit_and_test, range(folds)) if found is not None]
    score = np.zeros(len(label))
    placement = np.zeros(len(label))
    for found in fitted:
        score[found.test], placement[found.test] = found.score, found.placement - found.area
    areas, drops = [found.area for found in fitted], [found.drops for found in fitted]
    if not areas:
        return TwoSample(Measured(None), len(reference), len(candidate), 0)
    area = float(np.mean(areas))
    n = len(reference)
    error = clustered_error(0.0, placement[:n], placement[n:], event[:n], event[n:], weight[:n], weight[n:])
    false_positive, true_positive = _roc(score, label, weight)
    drop, spread = np.mean(drops, axis=0), np.std(drops, axis=0) / np.sqrt(max(len(drops) - 1, 1))
    importance = [Importance(names[k], Measured(number(drop[k]), number(spread[k]))) for k in np.argsort(-drop)]
    return TwoSample(
        Measured(number(area), number(error)),
        len(reference),
        len(candidate),
        len(areas),
        false_positive,
        true_positive,
        importance,
    )


@dataclass(frozen=True)
class Fold:
    """What one forest found in the rows it did not see."""

    test: Bool[np.ndarray, " all"]
    score: Float[np.ndarray, " n"]
    placement: Float[np.ndarray, " n"]
    area: float
    drops: Float[np.ndarray, " d"]


def _fold(
    inputs: Float[np.ndarray, "all d"],
    label: Int64[np.ndarray, " all"],
    weight: Float[np.ndarray, " all"],
    test: Bool[np.ndarray, " all"],
    generator: np.random.Generator,
    seed: int,
) -> Fold | None:
    """Train on all but a fold, test on the fold; None where either lacks one of the samples."""
    train = ~test & (weight > 0)
    if len(np.unique(label[train])) < 2 or len(np.unique(label[test])) < 2:
        return None
    with threadpool_limits(1, user_api="openmp"):
        forest = HistGradientBoostingClassifier(
            max_iter=TREES,
            learning_rate=0.1,
            min_samples_leaf=50,
            early_stopping=False,  # pyright: ignore[reportArgumentType]
            random_state=seed,
        )
        forest.fit(inputs[train], label[train], sample_weight=weight[train])
        score = forest.predict_proba(inputs[test])[:, 1]
        low = label[test] == 0
        placement = np.zeros(len(score))
        area, placement[low], placement[~low] = area_under_curve(
            score[low], score[~low], weight[test][low], weight[test][~low]
        )
        drops = _shuffled_drops(forest, inputs[test], label[test], weight[test], generator)
    return Fold(test, score, placement, area, drops)


def _fraction_below(
    sample: Float[np.ndarray, " n"], weight: Float[np.ndarray, " n"] | None, at: Float[np.ndarray, " m"]
) -> Float[np.ndarray, " m"]:
    """The weighted fraction of a sample below each point, ties counted half."""
    order = np.argsort(sample)
    sums = np.concatenate([[0.0], np.cumsum(np.ones(len(sample)) if weight is None else weight[order])])
    ordered = sample[order]
    both = sums[np.searchsorted(ordered, at, "left")] + sums[np.searchsorted(ordered, at, "right")]
    return both / 2 / sums[-1]


def _shuffled_drops(
    forest: HistGradientBoostingClassifier,
    inputs: Float[np.ndarray, "n d"],
    label: Int64[np.ndarray, " n"],
    weight: Float[np.ndarray, " n"],
    generator: np.random.Generator,
) -> Float[np.ndarray, " d"]:
    """By how much the AUC falls when each column in turn is shuffled over the rows."""
    chosen = generator.permutation(len(label))[:SHUFFLED_ROWS]
    inputs, label, weight = inputs[chosen], label[chosen], weight[chosen]

    def area(rows: Float[np.ndarray, "n d"]) -> float:
        score = forest.predict_proba(rows)[:, 1]
        low: Bool[np.ndarray, " n"] = label == 0
        return area_under_curve(score[low], score[~low], weight[low], weight[~low])[0]

    whole = area(inputs)
    drops = np.zeros(inputs.shape[1])
    for k in range(inputs.shape[1]):
        shuffled = inputs.copy()
        shuffled[:, k] = generator.permutation(inputs[:, k])
        drops[k] = whole - area(shuffled)
    return drops


def _roc(
    score: Float[np.ndarray, " n"], label: Int64[np.ndarray, " n"], weight: Float[np.ndarray, " n"]
) -> tuple[list[float], list[float]]:
    """The ROC curve at 101 points equally spaced in the rank of the score."""
    order = np.argsort(-rankdata(score, method="ordinal"))
    curves = []
    for value in (0, 1):
        cumulative = np.concatenate([[0.0], np.cumsum(weight[order] * (label[order] == value))])
        at = np.linspace(0, len(score), 101).astype(np.int64)
        curves.append((cumulative[at] / cumulative[-1]).round(5).tolist())
    return curves[0], curves[1]


def _capped(view: StageView, rows: int, generator: np.random.Generator) -> tuple[Table, Table]:
    """Both tables cut down to at most `rows` rows, by events where that is possible."""
    reference, candidate = view.reference, view.candidate
    largest = max(len(reference), len(candidate))
    if largest <= rows:
        return reference, candidate
    events = np.unique(np.concatenate([reference.event, candidate.event]))
    kept = events[generator.random(len(events)) < rows / largest]
    tables = []
    for table in (reference, candidate):
        inside = np.flatnonzero(np.isin(table.event, kept))
        tables.append(table.keep(inside[:rows]))
    return tables[0], tables[1]


def _matrix(table: Table, names: list[str]) -> Float[np.ndarray, "n d"]:
    columns: list[Shaped[np.ndarray, " n"]] = [np.asarray(table.columns[name], np.float64) for name in names]
    return np.stack(columns, axis=1)
