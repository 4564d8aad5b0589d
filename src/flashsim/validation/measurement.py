"""One stage on its way through the blocks, from the first of them to its metrics."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from flashsim.errors import FlashSimError
from flashsim.validation.coding.frame import FIRST_ROWS
from flashsim.validation.ledger import Ledger
from flashsim.validation.metrics import ImpossibleCount, StageMetrics
from flashsim.validation.stage import StageSums
from flashsim.validation.statistics import Effort, Resampling
from flashsim.validation.steps import Steps
from flashsim.validation.variables.impossible import added, comparable, impossible_values
from flashsim.validation.views import StageView, Table, checked
from flashsim.validation.views.blocks import KeptSample, in_blocks, joined

MINIMUM_ROWS = 100
MINIMUM_EVENTS = 20
DRAWN_ROWS = 200_000
MOST_WAITING = 10 * FIRST_ROWS

Progress = Callable[[str], None]


@dataclass
class Counted:
    """What has been seen of one sample: rows, those that can be compared, their weight, and events (whole blocks)."""

    rows: int = 0
    comparable: int = 0
    weight: float = 0.0
    events: int = 0
    last: int | None = None

    def add(self, table: Table, good: Table) -> None:
        """Count a block; an event of many copies may go on from one block into the next."""
        events = np.unique(table.event)
        self.rows += len(table)
        self.comparable += len(good)
        self.weight += float(table.weights.sum())
        self.events += len(events) - int(len(events) > 0 and table.event[0] == self.last)
        self.last = int(table.event[-1]) if len(table) else self.last


@dataclass
class StageMeasurement:
    """One stage on its way through the blocks: the first of them are held back until they say what to expect."""

    stage: str
    seed: int
    effort: Effort
    kind: Literal["category", "response"] = "response"
    optional: bool = False
    waiting: list[StageView] = field(default_factory=list)
    sums: StageSums | None = None
    counted: tuple[Counted, Counted] = field(default_factory=lambda: (Counted(), Counted()))
    impossible: list[ImpossibleCount] = field(default_factory=list)
    shown: KeptSample = field(default_factory=lambda: KeptSample(DRAWN_ROWS))

    def add(self, view: StageView) -> None:
        """Check, count what cannot be, and sum the rest."""
        checked(view)
        self.kind, self.optional = view.kind, view.optional
        self.impossible = added(self.impossible, impossible_values(view))
        self.shown.add(view)
        good = comparable(view)
        self.counted[0].add(view.reference, good.reference)
        self.counted[1].add(view.candidate, good.candidate)
        if self.sums is None:
            self.waiting.append(good)
            sizes = [side.comparable for side in self.counted]
            if min(sizes) >= FIRST_ROWS or (min(sizes) >= MINIMUM_ROWS and sum(sizes) >= MOST_WAITING):
                self._start()
        else:
            self._sum(good)

    @property
    def absent(self) -> bool:
        """Whether there is nothing to compare with, and need not be."""
        return self.optional and self.counted[0].comparable == 0

    def metrics(self, drawn: Resampling, ledger: Ledger, tell: Progress) -> StageMetrics:
        """What was measured."""
        reference, candidate = self.counted
        for title, side in (("reference", reference), ("candidate", candidate)):
            if side.rows and not side.weight > 0:
                raise FlashSimError(
                    f"stage {self.stage!r}, {title} table: the weights sum to {side.weight:g}; the sum must be positive"
                )
        frame = StageMetrics(
            self.stage,
            self.kind,
            reference.rows,
            candidate.rows,
            reference.events,
            candidate.events,
            impossible=self.impossible,
        )
        problem, missing = _problem(reference, candidate)
        if problem:
            return replace(frame, problem=problem, candidate_missing=missing)
        if self.sums is None:
            self._start()
        assert self.sums is not None
        return self.sums.measure(frame, drawn, ledger, Steps(self.stage, tell))

    def _start(self) -> None:
        self.sums = StageSums(joined(self.waiting), seed=self.seed, effort=self.effort)
        for view in self.waiting:
            self._sum(view)
        self.waiting = []

    def _sum(self, view: StageView) -> None:
        if self.sums is not None:
            for block in in_blocks(view):
                self.sums.add(block)


def _problem(reference: Counted, candidate: Counted) -> tuple[str, bool]:
    """Why a stage cannot be compared, if it cannot, and whether the candidate is to blame."""
    if reference.comparable == 0:
        return "the reference has no objects in this stage: give more files, or look at the stage's 'where'", False
    if candidate.comparable == 0:
        return f"the candidate has no comparable objects where the reference has {reference.comparable:,}", True
    for title, side in (("reference", reference), ("candidate", candidate)):
        if side.comparable < MINIMUM_ROWS or side.events < MINIMUM_EVENTS:
            return (
                f"the {title} has {side.comparable:,} objects in {side.events:,} events; at least {MINIMUM_ROWS} in"
                f" {MINIMUM_EVENTS} are needed to judge",
                title == "candidate" and reference.comparable >= 10 * MINIMUM_ROWS,
            )
    return "", False
