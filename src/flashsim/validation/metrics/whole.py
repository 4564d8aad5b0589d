"""A whole validation: its stages, gates and verdict, and the JSON of ``metrics.json`` (versioned).

Numbers that could not be measured are ``null``: JSON knows no NaN.
"""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from flashsim.validation.metrics.categories import CalibrationMetrics, ClassFraction, EfficiencyMetrics
from flashsim.validation.metrics.joint import Correlations, JointMetric
from flashsim.validation.metrics.json_text import as_text
from flashsim.validation.metrics.measured import Measured, Number
from flashsim.validation.metrics.table import TestTable
from flashsim.validation.metrics.two_sample import TwoSample
from flashsim.validation.metrics.variables import EventQuantity, Pull, VariableMetrics

SCHEMA = 2

Verdict = Literal["pass", "fail", "not judged"]


@dataclass(frozen=True)
class ImpossibleCount:
    """How many candidate rows hold a value that cannot be; it must be 0."""

    what: str
    count: int
    rows: int


@dataclass(frozen=True)
class StageMetrics:
    """Everything measured on one stage; `problem` says in a sentence why nothing could be."""

    stage: str
    kind: Literal["category", "response"]
    rows_reference: int
    rows_candidate: int
    events_reference: int
    events_candidate: int
    impossible: list[ImpossibleCount] = field(default_factory=list)
    variables: list[VariableMetrics] = field(default_factory=list)
    two_sample: TwoSample | None = None
    two_sample_outputs: TwoSample | None = None
    two_sample_network: TwoSample | None = None
    joint: list[JointMetric] = field(default_factory=list)
    correlations: Correlations | None = None
    covariances: Correlations | None = None
    pulls: list[Pull] = field(default_factory=list)
    per_event: list[EventQuantity] = field(default_factory=list)
    efficiency: EfficiencyMetrics | None = None
    calibration: CalibrationMetrics | None = None
    fractions: list[ClassFraction] = field(default_factory=list)
    problem: str = ""
    candidate_missing: bool = False


@dataclass(frozen=True)
class GateResult:
    """One criterion, what was measured, and whether it is met."""

    stage: str
    criterion: str
    measured: Measured
    null: Number
    limit: float
    sense: Literal["at most", "at least"]
    verdict: Verdict
    explanation: str


@dataclass(frozen=True)
class Metrics:
    """A whole validation."""

    schema: int
    title: str
    verdict: Verdict
    gates: list[GateResult]
    stages: list[StageMetrics]
    provenance: dict[str, Any]
    tests: TestTable | None = None

    @property
    def passed(self) -> bool:
        """Whether every gate is met."""
        return self.verdict == "pass"

    def to_json(self) -> str:
        """The text of ``metrics.json``."""
        return as_text(asdict(self))
