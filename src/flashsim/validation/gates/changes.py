"""What got better or worse since another validation, beyond its statistical errors."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from flashsim.validation.gates.measured import variable_deviation
from flashsim.validation.metrics import Measured, Metrics, Number, StageMetrics, VariableMetrics, Verdict

SIGNIFICANT = 3.0
Direction = Literal["worse", "better", "alike"]
Key = tuple[str, str]


@dataclass(frozen=True)
class Change:
    """One number in both validations; `sigmas` is their difference in its errors, positive where it got worse.

    Both validations may share the reference sample: their errors are then correlated, and `sigmas` too small.
    """

    stage: str
    what: str
    before: Measured
    after: Measured
    sigmas: Number
    direction: Direction


@dataclass(frozen=True)
class Verdicts:
    """The verdict on one gate in both validations; None where one of them has no such gate."""

    stage: str
    criterion: str
    before: Verdict | None
    after: Verdict | None


@dataclass(frozen=True)
class Changes:
    """Everything that two validations have in common, the worst first, and the gates judged otherwise."""

    title: str
    numbers: list[Change]
    verdicts: list[Verdicts]

    def of(self, direction: Direction) -> list[Change]:
        """The changes in one direction."""
        return [change for change in self.numbers if change.direction == direction]


def changes(before: Metrics, after: Metrics) -> Changes:
    """What differs between two validations, number by number; what only one of them has is no change."""
    old, new = dict(_numbers(before)), dict(_numbers(after))
    compared = [_change(key, old[key], new[key]) for key in new if key in old]
    order = {"worse": 0, "better": 1, "alike": 2}
    compared.sort(key=lambda change: (order[change.direction], -abs(change.sigmas or 0.0)))
    judged: list[dict[Key, Verdict]] = [
        {(gate.stage, gate.criterion): gate.verdict for gate in one.gates} for one in (before, after)
    ]
    verdicts = [
        Verdicts(*key, judged[0].get(key), judged[1].get(key))
        for key in dict.fromkeys([*judged[1], *judged[0]])
        if judged[0].get(key) != judged[1].get(key)
    ]
    release = before.provenance.get("release")
    return Changes(f"{before.title}, release {str(release)[:16]}" if release else before.title, compared, verdicts)


def _change(key: Key, old: tuple[Measured, float], new: tuple[Measured, float]) -> Change:
    (before, best), (after, _) = old, new
    if before.value is None or after.value is None:
        return Change(*key, before, after, None, "alike")
    growth = abs(after.value - best) - abs(before.value - best)
    error = math.hypot(before.error or 0.0, after.error or 0.0)
    without_error = 0.0 if growth == 0 else math.copysign(math.inf, growth)
    sigmas = growth / error if error else without_error
    direction: Direction = "alike" if abs(sigmas) < SIGNIFICANT else "worse" if sigmas > 0 else "better"
    return Change(*key, before, after, sigmas if math.isfinite(sigmas) else None, direction)


def _numbers(metrics: Metrics) -> Iterator[tuple[Key, tuple[Measured, float]]]:
    """Every number that can be better or worse, with the best value that it can have."""
    for stage in metrics.stages:
        for what, measured, best in _of_stage(stage):
            yield (stage.stage, what), (measured, best)


def _of_stage(stage: StageMetrics) -> Iterator[tuple[str, Measured, float]]:
    impossible = sum(entry.count for entry in stage.impossible)
    yield "impossible values", Measured(float(impossible), 0.0), 0.0
    tests = (
        ("two-sample AUC", stage.two_sample),
        ("two-sample AUC, without the conditions", stage.two_sample_outputs),
        ("two-sample AUC of a network", stage.two_sample_network),
    )
    for title, test in tests:
        if test is not None:
            yield title, test.auc, 0.5
    for joint in stage.joint:
        yield f"{joint.title} over null", joint.over_null, 0.0
    if stage.efficiency is not None:
        yield "efficiency bins within 3 σ", stage.efficiency.coverage, 1.0
    if stage.calibration is not None:
        yield "expected calibration error", stage.calibration.expected_calibration_error, 0.0
        yield "Brier score", stage.calibration.brier, 0.0
    if stage.correlations is not None:
        yield "largest change of a rank correlation", stage.correlations.largest, 0.0
    for variable in stage.variables:
        yield from ((f"{variable.name}: {title}", measured, best) for title, measured, best in _of_variable(variable))


def _of_variable(variable: VariableMetrics) -> Iterator[tuple[str, Measured, float]]:
    yield "Wasserstein over null", variable.wasserstein.over_null, 0.0
    yield "Wasserstein over null, core", variable.wasserstein_core.over_null, 0.0
    yield "Wasserstein over null, tails", variable.wasserstein_tails.over_null, 0.0
    yield "Kolmogorov–Smirnov over null", variable.kolmogorov_smirnov.over_null, 0.0
    yield "shift in widths", variable_deviation(variable, "shift_in_widths_below"), 0.0
    yield "ratio of widths", variable.width_ratio, 1.0
