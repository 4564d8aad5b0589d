"""The classifier two-sample test: how well a boosted forest tells the candidate from the reference."""

import numpy as np
from jaxtyping import Bool, Float, Int64, Shaped
from scipy.stats import rankdata
from sklearn.ensemble import HistGradientBoostingClassifier

from flashsim.validation.metrics import Importance, Measured, TwoSample, number
from flashsim.validation.views import StageView, Table

FOLDS = 3
ROWS = 50_000
SHUFFLED_ROWS = 6_000


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
    label = np.repeat([0, 1], [len(reference), len(candidate)])
    event = np.concatenate([reference.event, candidate.event])
    weight = np.concatenate(
        [table.weights / table.weights.sum() * len(label) / 2 for table in (reference, candidate)]
    )
    events, index = np.unique(event, return_inverse=True)
    folds = min(folds, len(events))
    fold = (generator.permutation(len(events)) % folds)[index]
    score = np.zeros(len(label))
    placement = np.zeros(len(label))
    areas: list[float] = []
    drops: list[np.ndarray] = []
    for k in range(folds):
        train, test = (fold != k) & (weight > 0), fold == k
        if len(np.unique(label[train])) < 2 or len(np.unique(label[test])) < 2:
            continue
        forest = HistGradientBoostingClassifier(
            max_iter=100, learning_rate=0.1, min_samples_leaf=50, early_stopping=False, random_state=seed
        )
        forest.fit(inputs[train], label[train], sample_weight=weight[train])
        score[test] = forest.predict_proba(inputs[test])[:, 1]
        low, high = test & (label == 0), test & (label == 1)
        area, placement[low], placement[high] = area_under_curve(
            score[low], score[high], weight[low], weight[high]
        )
        placement[test] -= area
        areas.append(area)
        drops.append(_shuffled_drops(forest, inputs[test], label[test], weight[test], generator))
    if not areas:
        return TwoSample(Measured(None), len(reference), len(candidate), 0)
    area = float(np.mean(areas))
    n = len(reference)
    error = clustered_error(
        0.0, placement[:n], placement[n:], event[:n], event[n:], weight[:n], weight[n:]
    )
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
