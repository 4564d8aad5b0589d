"""Gates: the limits a card sets, held against what was measured."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from flashsim.errors import FlashSimError, nearest
from flashsim.validation.gates.limits import CRITERIA, RESOLVED, GateLimits
from flashsim.validation.metrics import (
    Distance,
    GateResult,
    Measured,
    Metrics,
    StageMetrics,
    TestTable,
    VariableMetrics,
    Verdict,
)

WHOLE_TABLE = "all stages"
WASSERSTEIN_PARTS = (("wasserstein", "whole range"), ("wasserstein_core", "core"), ("wasserstein_tails", "tails"))


def judge(stages: list[StageMetrics], gates: Mapping[str, GateLimits]) -> list[GateResult]:
    """Every gate of every stage, failures first. Impossible values are always judged: none is allowed."""
    known = [stage.stage for stage in stages]
    for name in gates:
        if name not in known:
            raise FlashSimError(f"gates.{name}: no stage of that name was validated{nearest(name, known)}")
    results = [result for stage in stages for result in _judge_stage(stage, gates.get(stage.stage))]
    return worst_first(results)


def with_left_out(metrics: Metrics, left_out: Mapping[str, str], gates: Mapping[str, GateLimits]) -> Metrics:
    """The metrics with every gate of what could not be compared as "not judged"; the verdict follows."""
    lost = []
    for name in left_out.keys() & gates.keys():
        for key, (title, sense, _) in CRITERIA.items():
            limit = getattr(gates[name], key, None)
            if limit is not None:
                reason = f"not compared: {left_out[name]}"
                lost.append(GateResult(name, title, Measured(None), None, limit, sense, "not judged", reason))
    results = worst_first([*metrics.gates, *lost])
    return replace(metrics, gates=results, verdict=overall(results))


def worst_first(results: list[GateResult]) -> list[GateResult]:
    """Failures, then what was not judged, then what passes."""
    order: dict[Verdict, int] = {"fail": 0, "not judged": 1, "pass": 2}
    return sorted(results, key=lambda result: order[result.verdict])


def judge_table(tests: TestTable) -> list[GateResult]:
    """The gate on all tests together, where a false-alarm rate is asked for."""
    rate = tests.false_alarm_rate
    if rate is None:
        return []
    criterion = "smallest adjusted p-value"
    if not tests.entries:
        nothing = GateResult(
            WHOLE_TABLE, criterion, Measured(None), None, rate, "at least", "not judged", "no stage could be compared"
        )
        return [nothing]
    worst = tests.entries[0]
    below = sum((test.adjusted_p_value or 0.0) < rate for test in tests.entries)
    remark = f"{below} of {len(tests.entries)} tests fail" if below else f"none of {len(tests.entries)} tests fails"
    remark += f"; worst: {worst.metric}, {worst.variable} ({worst.stage})"
    return [
        GateResult(
            WHOLE_TABLE,
            criterion,
            Measured(worst.adjusted_p_value),
            None,
            rate,
            "at least",
            "fail" if below else "pass",
            remark,
        )
    ]


def overall(results: list[GateResult]) -> Verdict:
    """Fail when any gate fails; pass only when all were judged and met."""
    verdicts = {result.verdict for result in results}
    if "fail" in verdicts:
        return "fail"
    return "not judged" if "not judged" in verdicts else "pass"


def _judge_stage(stage: StageMetrics, limits: GateLimits | None) -> list[GateResult]:
    results = [_impossible(stage)]
    for key, (title, sense, kinds) in CRITERIA.items():
        limit = getattr(limits, key, None)
        if limit is None:
            continue
        if stage.kind not in kinds:
            raise FlashSimError(
                f"gates.{stage.stage}.{key}: is for {kinds[0]} stages and {stage.stage!r} is a {stage.kind} stage"
            )
        if stage.problem:
            verdict: Verdict = "fail" if stage.candidate_missing else "not judged"
            results.append(GateResult(stage.stage, title, Measured(None), None, limit, sense, verdict, stage.problem))
            continue
        measured, null, remark = _measured(stage, key)
        result = _result(stage.stage, title, measured, null, limit, sense, remark)
        results.append(_resolved(result) if key in RESOLVED else result)
    return results


def _impossible(stage: StageMetrics) -> GateResult:
    title = "impossible values"
    if stage.candidate_missing or not stage.impossible:
        verdict: Verdict = "fail" if stage.candidate_missing else "not judged"
        return GateResult(stage.stage, title, Measured(None), None, 0.0, "at most", verdict, stage.problem)
    total = sum(entry.count for entry in stage.impossible)
    worst = max(stage.impossible, key=lambda entry: entry.count)
    remark = f"{len(stage.impossible)} kinds looked for in {worst.rows:,} rows; none found"
    if total:
        remark = f"{worst.what} in {worst.count:,} of {worst.rows:,} rows"
    return GateResult(
        stage.stage, title, Measured(float(total)), 0.0, 0.0, "at most", "fail" if total else "pass", remark
    )


def _measured(stage: StageMetrics, key: str) -> tuple[Measured, float | None, str]:
    """What a criterion measures on a stage, its null, and where it is worst."""
    if key == "c2st_auc" and stage.two_sample is not None:
        told = [entry for entry in stage.two_sample.importance if (entry.drop.value or 0.0) > 0.002][:3]
        names = ", ".join(entry.name for entry in told)
        return stage.two_sample.auc, 0.5, f"given away by {names}" if told else "no variable gives it away"
    if key in ("wasserstein_over_null", "ks_over_null"):
        parts = WASSERSTEIN_PARTS if key.startswith("wasserstein") else (("kolmogorov_smirnov", ""),)
        candidates: list[tuple[Distance, str, str]] = [
            (getattr(variable, part), variable.name, label) for variable in stage.variables for part, label in parts
        ]
        judged = [entry for entry in candidates if entry[0].over_null.value is not None]
        if judged:
            worst, name, label = max(judged, key=lambda entry: entry[0].over_null.value or 0.0)
            where = f"{name} ({label})" if label else name
            return worst.over_null, 1.0, f"worst: {where} of {len(stage.variables)} variables"
    if key in RESOLVED:
        found = [(variable_deviation(variable, key), variable.name) for variable in stage.variables]
        known = [entry for entry in found if entry[0].value is not None]
        if known:
            worst, name = max(known, key=lambda entry: entry[0].value or 0.0)
            return worst, 0.0, f"worst: {name} of {len(stage.variables)} variables"
    if key == "efficiency_coverage" and stage.efficiency is not None:
        found = stage.efficiency
        return found.coverage, 0.9973, f"{found.within} of {found.bins} bins"
    if key == "expected_calibration_error" and stage.calibration is not None:
        return stage.calibration.expected_calibration_error, stage.calibration.null.value, "over all classes"
    return (
        Measured(None),
        None,
        "could not be measured: the candidate gives no class probabilities, or no bin is filled",
    )


def variable_deviation(variable: VariableMetrics, key: str) -> Measured:
    """How far the width or the centre of a variable is from that of the reference, as a positive number."""
    if key == "width_ratio_within":
        ratio = variable.width_ratio
        return Measured(None if ratio.value is None else abs(ratio.value - 1), ratio.error)
    shift, width = variable.centre_shift, variable.width.value
    if shift.value is None or not width:
        return Measured(None)
    return Measured(abs(shift.value) / width, None if shift.error is None else shift.error / width)


def _resolved(result: GateResult) -> GateResult:
    """Not judged where the samples are too small to tell; a plain failure stays one."""
    value, error = result.measured.value, result.measured.error
    if value is None or error is None or error <= result.limit or value - result.limit > 2 * error:
        return result
    remark = f"{result.explanation}; the samples are too small: the error is larger than the limit"
    return replace(result, verdict="not judged", explanation=remark)


def _result(
    stage: str,
    title: str,
    measured: Measured,
    null: float | None,
    limit: float,
    sense: Literal["at most", "at least"],
    remark: str,
) -> GateResult:
    if measured.value is None:
        return GateResult(stage, title, measured, null, limit, sense, "not judged", remark)
    excess = measured.value - limit if sense == "at most" else limit - measured.value
    verdict: Verdict = "fail" if excess > 0 else "pass"
    if measured.error and abs(excess) < 2 * measured.error:
        remark += f"; {abs(excess) / measured.error:.1f} σ {'beyond' if excess > 0 else 'inside'} the limit"
    return GateResult(stage, title, measured, null, limit, sense, verdict, remark)
