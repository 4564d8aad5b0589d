"""Gates: the limits a card sets, held against what was measured."""

from collections.abc import Mapping
from dataclasses import replace

from flashsim.errors import FlashSimError, nearest
from flashsim.validation.gates.limits import CRITERIA, Criterion, GateLimits
from flashsim.validation.gates.measured import Found, measured_for
from flashsim.validation.metrics import (
    GateResult,
    Measured,
    Metrics,
    StageMetrics,
    TestTable,
    Verdict,
)

WHOLE_TABLE = "all stages"


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
        for key, criterion in CRITERIA.items():
            limit = getattr(gates[name], key, None)
            if limit is not None:
                reason = f"not compared: {left_out[name]}"
                lost.append(_without_number(name, criterion, limit, "not judged", reason))
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
    for key, criterion in CRITERIA.items():
        limit = getattr(limits, key, None)
        if limit is None:
            continue
        if stage.kind not in criterion.kinds:
            raise FlashSimError(
                f"gates.{stage.stage}.{key}: is for {criterion.kinds[0]} stages and {stage.stage!r} is a "
                f"{stage.kind} stage"
            )
        if stage.problem:
            verdict: Verdict = "fail" if stage.candidate_missing else "not judged"
            results.append(_without_number(stage.stage, criterion, limit, verdict, stage.problem))
            continue
        judged = [_result(stage.stage, criterion, found, limit) for found in measured_for(stage, key)]
        results.append(_worst(judged))
    return results


def _worst(results: list[GateResult]) -> GateResult:
    """Of several numbers for one limit: one that fails, before one that is not judged; the largest of these."""
    return worst_first(sorted(results, key=lambda result: -(result.measured.value or 0.0)))[0]


def _without_number(stage: str, criterion: Criterion, limit: float, verdict: Verdict, reason: str) -> GateResult:
    return GateResult(stage, criterion.title, Measured(None), None, limit, criterion.sense, verdict, reason)


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


def _result(stage: str, criterion: Criterion, found: Found, limit: float) -> GateResult:
    """Pass or fail, or not judged: where the error is larger than what the limit allows, and the failure not plain.

    A limit at the best value itself allows nothing, and is judged as it stands. So is a measured number that is the
    best value: a coverage where all bins agree, however few they are.
    """
    measured, remark, allowance = found.measured, found.remark, criterion.allowance(limit)
    result = GateResult(stage, criterion.title, measured, found.null, limit, criterion.sense, "not judged", remark)
    if measured.value is None:
        return result
    excess = measured.value - limit if criterion.sense == "at most" else limit - measured.value
    error = measured.error or 0.0
    if abs(excess) < 2 * error:
        remark += f"; {abs(excess) / error:.1f} σ {'beyond' if excess > 0 else 'inside'} the limit"
    if 0 < allowance < error and excess <= 2 * error and measured.value != criterion.best:
        allowed = "the limit" if allowance == limit else f"the {allowance:.3g} that the limit allows"
        remark += f"; the samples are too small: the error is larger than {allowed}"
        return replace(result, explanation=remark)
    return replace(result, verdict="fail" if excess > 0 else "pass", explanation=remark)
