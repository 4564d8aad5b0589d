"""The whole validation: every stage measured, every gate judged."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from threadpoolctl import threadpool_limits

from flashsim.errors import FlashSimError
from flashsim.validation.gates.judge import judge, judge_table, overall, with_left_out
from flashsim.validation.gates.limits import GateLimits
from flashsim.validation.ledger import Ledger, table_of
from flashsim.validation.measurement import Progress, StageMeasurement
from flashsim.validation.metrics import SCHEMA, Metrics, StageMetrics, TestTable
from flashsim.validation.statistics import FULL, Effort, resampling
from flashsim.validation.views import StageView


@dataclass(frozen=True)
class Validation:
    """What was measured, and of every stage a bounded part of both samples, for figures.

    `absent` are optional stages that the reference has no objects of.
    """

    metrics: Metrics
    samples: list[StageView]
    absent: list[str] = field(default_factory=list)


def validate_stages(
    views: list[StageView],
    gates: Mapping[str, GateLimits],
    title: str,
    provenance: Mapping[str, Any],
    *,
    false_alarm_rate: float | None = None,
    seed: int = 0,
    effort: Effort = FULL,
    progress: Progress | None = None,
) -> Metrics:
    """Compare reference and candidate, stage by stage, and judge the gates.

    Bad tables raise a FlashSimError. A candidate without objects fails its gates with a sentence that says so; too
    few objects to judge give the verdict "not judged". `false_alarm_rate` is the gate on the table of all tests,
    `effort` how much is computed.
    """
    options = {"false_alarm_rate": false_alarm_rate, "seed": seed, "effort": effort, "progress": progress}
    return validate_blocks([views], gates, title, provenance, **options).metrics


def validate_blocks(
    blocks: Iterable[Sequence[StageView]],
    gates: Mapping[str, GateLimits],
    title: str,
    provenance: Mapping[str, Any],
    *,
    false_alarm_rate: float | None = None,
    seed: int = 0,
    effort: Effort = FULL,
    progress: Progress | None = None,
    left_out: Mapping[str, str] | None = None,
) -> Validation:
    """The same in one pass over samples of any length: each block has one view of every stage, of whole events.

    `left_out` are stages that cannot be compared, with the reason: their gates are not judged. It may grow while
    blocks are made.
    """
    tell = progress or (lambda text: None)
    drawn = resampling(seed, effort)
    measured: dict[str, StageMeasurement] = {}
    with threadpool_limits(1, user_api="blas"):  # small matrices: threads would only wait for each other
        for views in blocks:
            for view in views:
                if view.stage not in measured:
                    measured[view.stage] = StageMeasurement(view.stage, seed, effort)
                tell(f"{view.stage}: reading")
                measured[view.stage].add(view)
        left_out = left_out or {}
        absent = [name for name, one in measured.items() if one.absent]
        measured = {name: one for name, one in measured.items() if name not in left_out and name not in absent}
        if not measured:
            raise FlashSimError("validation: there is no stage to compare")
        ledgers = [Ledger(name) for name in measured]
        stages = [one.metrics(drawn, ledger, tell) for one, ledger in zip(measured.values(), ledgers, strict=True)]
        tests = table_of(ledgers, false_alarm_rate)
    stages = [with_p_values(stage, tests) for stage in stages]
    spared = {*left_out, *absent}
    results = judge_table(tests) + judge(stages, {name: gates[name] for name in gates if name not in spared})
    results.sort(key=lambda result: ("fail", "not judged", "pass").index(result.verdict))
    metrics = Metrics(SCHEMA, title, overall(results), results, stages, dict(provenance), tests)
    metrics = with_left_out(metrics, left_out, gates)
    return Validation(metrics, [one.shown.view() for one in measured.values()], absent)


def measure_stage(view: StageView, *, seed: int = 0, effort: Effort = FULL, progress: Progress) -> StageMetrics:
    """Everything that can be measured on one stage."""
    measurement, ledger = StageMeasurement(view.stage, seed, effort), Ledger(view.stage)
    measurement.add(view)
    stage = measurement.metrics(resampling(seed, effort), ledger, progress)
    return with_p_values(stage, table_of([ledger], None))


def with_p_values(stage: StageMetrics, tests: TestTable) -> StageMetrics:
    """The stage with the p-values of its joint metrics, as the table of all tests has them."""
    found = {(test.stage, test.metric.removesuffix(", all pairs")): test for test in tests.entries}
    joint = []
    for metric in stage.joint:
        test = found.get((stage.stage, metric.name))
        joint.append(
            metric if test is None else replace(metric, p_value=test.p_value, adjusted_p_value=test.adjusted_p_value)
        )
    return replace(stage, joint=joint)
