"""The whole validation: every stage measured, every gate judged."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from flashsim.errors import FlashSimError
from flashsim.validation.blocks import KeptSample, in_blocks, joined
from flashsim.validation.coding import FIRST_ROWS
from flashsim.validation.gates import GateLimits, judge, judge_table, overall
from flashsim.validation.impossible import added, finite_rows, impossible_values
from flashsim.validation.ledger import Ledger, table_of
from flashsim.validation.metrics import SCHEMA, ImpossibleCount, Metrics, StageMetrics, TestTable
from flashsim.validation.stage import StageSums
from flashsim.validation.statistics import Resampling, resampling
from flashsim.validation.steps import Steps
from flashsim.validation.views import StageView, checked

MINIMUM_ROWS = 100
MINIMUM_EVENTS = 20
DRAWN_ROWS = 200_000

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Validation:
    """What was measured, and of every stage a bounded part of both samples, for figures."""

    metrics: Metrics
    samples: list[StageView]


def validate_stages(
    views: list[StageView],
    gates: Mapping[str, GateLimits],
    title: str,
    provenance: Mapping[str, Any],
    *,
    false_alarm_rate: float | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Metrics:
    """Compare reference and candidate, stage by stage, and judge the gates.

    Bad tables raise a FlashSimError. A candidate without objects fails its gates with a sentence that says so; too
    few objects to judge give the verdict "not judged". `false_alarm_rate` is the gate on the table of all tests.
    """
    options = {"false_alarm_rate": false_alarm_rate, "seed": seed, "progress": progress}
    return validate_blocks([views], gates, title, provenance, **options).metrics


def validate_blocks(
    blocks: Iterable[Sequence[StageView]],
    gates: Mapping[str, GateLimits],
    title: str,
    provenance: Mapping[str, Any],
    *,
    false_alarm_rate: float | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Validation:
    """The same in one pass over samples of any length: each block has one view of every stage, of whole events."""
    tell = progress or (lambda text: None)
    drawn = resampling(seed)
    measured: dict[str, StageMeasurement] = {}
    with threadpool_limits(1, user_api="blas"):  # small matrices: threads would only wait for each other
        for views in blocks:
            for view in views:
                if view.stage not in measured:
                    measured[view.stage] = StageMeasurement(view.stage, seed=seed)
                tell(f"{view.stage}: reading")
                measured[view.stage].add(view)
        if not measured:
            raise FlashSimError("validation: there is no stage to compare")
        ledgers = [Ledger(name) for name in measured]
        stages = [one.metrics(drawn, ledger, tell) for one, ledger in zip(measured.values(), ledgers, strict=True)]
        tests = table_of(ledgers, false_alarm_rate)
    stages = [with_p_values(stage, tests) for stage in stages]
    results = judge_table(tests) + judge(stages, gates)
    results.sort(key=lambda result: ("fail", "not judged", "pass").index(result.verdict))
    metrics = Metrics(SCHEMA, title, overall(results), results, stages, dict(provenance), tests)
    return Validation(metrics, [one.shown.view() for one in measured.values()])


def measure_stage(view: StageView, *, seed: int = 0, progress: Progress) -> StageMetrics:
    """Everything that can be measured on one stage."""
    measurement, ledger = StageMeasurement(view.stage, seed=seed), Ledger(view.stage)
    measurement.add(view)
    stage = measurement.metrics(resampling(seed), ledger, progress)
    return with_p_values(stage, table_of([ledger], None))


@dataclass
class StageMeasurement:
    """One stage on its way through the blocks: the first of them are held back until they say what to expect."""

    stage: str
    seed: int
    waiting: list[StageView] = field(default_factory=list)
    sums: StageSums | None = None
    frame: StageMetrics | None = None
    impossible: list[ImpossibleCount] = field(default_factory=list)
    shown: KeptSample = field(default_factory=lambda: KeptSample(DRAWN_ROWS))

    def add(self, view: StageView) -> None:
        """Check, count what cannot be, and sum the rest."""
        checked(view)
        self.impossible = added(self.impossible, impossible_values(view))
        sizes = (len(view.reference), len(view.candidate))
        events = (len(np.unique(view.reference.event)), len(np.unique(view.candidate.event)))
        old = self.frame or StageMetrics(self.stage, view.kind, 0, 0, 0, 0)
        self.frame = replace(
            old,
            rows_reference=old.rows_reference + sizes[0],
            rows_candidate=old.rows_candidate + sizes[1],
            events_reference=old.events_reference + events[0],
            events_candidate=old.events_candidate + events[1],
        )
        self.shown.add(view)
        good = comparable(view)
        if self.sums is None:
            self.waiting.append(good)
            if (
                min(sum(len(one.reference) for one in self.waiting), sum(len(one.candidate) for one in self.waiting))
                >= FIRST_ROWS
            ):
                self._start()
        else:
            self._sum(good)

    def metrics(self, drawn: Resampling, ledger: Ledger, tell: Progress) -> StageMetrics:
        """What was measured."""
        if self.frame is None:
            raise FlashSimError(f"stage {self.stage!r}: there is no block")
        frame = replace(self.frame, impossible=self.impossible)
        waiting = None if self.sums is not None else joined(self.waiting)
        problem, missing = ("", False) if waiting is None else _problem(waiting)
        if problem:
            return replace(frame, problem=problem, candidate_missing=missing)
        if self.sums is None:
            self._start()
        assert self.sums is not None
        return self.sums.measure(frame, drawn, ledger, Steps(self.stage, tell))

    def _start(self) -> None:
        self.sums = StageSums(joined(self.waiting), seed=self.seed)
        for view in self.waiting:
            self._sum(view)
        self.waiting = []

    def _sum(self, view: StageView) -> None:
        if self.sums is not None:
            for block in in_blocks(view):
                self.sums.add(block)


def comparable(view: StageView) -> StageView:
    """The view without the candidate's rows that are not finite (they are counted as impossible)."""
    return replace(view, candidate=view.candidate.keep(finite_rows(view, view.candidate)))


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


def _problem(view: StageView) -> tuple[str, bool]:
    """Why a stage cannot be compared, if it cannot, and whether the candidate is to blame."""
    rows = {"reference": len(view.reference), "candidate": len(view.candidate)}
    if rows["reference"] == 0:
        return "the reference has no objects in this stage: give more files, or look at the stage's 'where'", False
    if rows["candidate"] == 0:
        return f"the candidate has no comparable objects where the reference has {rows['reference']:,}", True
    for title, table in (("reference", view.reference), ("candidate", view.candidate)):
        events = len(np.unique(table.event))
        if rows[title] < MINIMUM_ROWS or events < MINIMUM_EVENTS:
            return (
                f"the {title} has {rows[title]:,} objects in {events:,} events; at least {MINIMUM_ROWS} in"
                f" {MINIMUM_EVENTS} are needed to judge",
                title == "candidate" and rows["reference"] >= 10 * MINIMUM_ROWS,
            )
    return "", False
