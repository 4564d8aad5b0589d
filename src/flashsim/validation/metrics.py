"""What validation measured, as plain dataclasses, and its JSON (``metrics.json``, versioned).

Numbers that could not be measured are ``null``: JSON knows no NaN.
"""

import json
import math
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

SCHEMA = 2

Verdict = Literal["pass", "fail", "not judged"]
Number = float | None
Grid = list[list[Number]]


@dataclass(frozen=True)
class Measured:
    """A number and its statistical error."""

    value: Number
    error: Number = None


@dataclass(frozen=True)
class Distance:
    """A distance between half of the reference and half of the candidate, beside its null.

    `null` is the same distance between two halves of the reference, scaled to the sizes compared; `over_null`
    is their ratio, 1 on average for a perfect candidate.
    """

    value: Measured
    null: Measured
    over_null: Measured


@dataclass(frozen=True)
class Tail:
    """The fraction of objects beyond so many robust sigma of the reference, on one side."""

    sigmas: float
    side: Literal["low", "high"]
    reference: Measured
    candidate: Measured
    ratio: Measured


@dataclass(frozen=True)
class Profile:
    """One statistic of a variable in bins of another, for both samples.

    `statistic` is "median", "68 % half-width", "mean", "standard deviation", "5 % quantile" or "95 % quantile".
    """

    axis: str
    unit: str
    statistic: str
    edges: list[float]
    reference: list[Measured]
    candidate: list[Measured]


@dataclass(frozen=True)
class VariableMetrics:
    """One output of a response stage: core, tails and profiles."""

    name: str
    unit: str
    type: str
    centre: Measured
    width: Measured
    centre_shift: Measured
    width_ratio: Measured
    wasserstein: Distance
    wasserstein_core: Distance
    wasserstein_tails: Distance
    kolmogorov_smirnov: Distance
    tails: list[Tail] = field(default_factory=list)
    profiles: list[Profile] = field(default_factory=list)


@dataclass(frozen=True)
class Importance:
    """By how much the AUC falls when one variable is shuffled: what gives the candidate away."""

    name: str
    drop: Measured


@dataclass(frozen=True)
class Range:
    """A range of one variable; None: open on that side."""

    name: str
    low: Number
    high: Number


@dataclass(frozen=True)
class Region:
    """A region of variables where the samples differ: a leaf of a shallow tree grown on the classifier's score."""

    words: str
    ranges: list[Range]
    reference: Measured
    candidate: Measured


@dataclass(frozen=True)
class TwoSample:
    """The classifier two-sample test: can a classifier tell candidate from reference?

    `most_separable` are the regions where the fractions of the two samples differ most, worst first.
    """

    auc: Measured
    rows_reference: int
    rows_candidate: int
    folds: int
    false_positive: list[float] = field(default_factory=list)
    true_positive: list[float] = field(default_factory=list)
    importance: list[Importance] = field(default_factory=list)
    classifier: str = "boosted forest"
    inputs: list[str] = field(default_factory=list)
    most_separable: list[Region] = field(default_factory=list)


@dataclass(frozen=True)
class JointMetric:
    """One number for all variables of a stage together.

    `null` is the same between two halves of the reference, scaled to the sizes compared. `p_value` and
    `adjusted_p_value` are those of its line in the table of tests; `remark` says on how many objects it was
    measured, `reference` where it is from.
    """

    name: str
    title: str
    value: Measured
    null: Measured
    over_null: Measured
    p_value: Number
    adjusted_p_value: Number
    remark: str = ""
    reference: str = ""


@dataclass(frozen=True)
class Pull:
    """Mean and width of residual over its own error, in both samples: do the errors mean what they say?"""

    name: str
    reference_mean: Measured
    reference_width: Measured
    candidate_mean: Measured
    candidate_width: Measured


@dataclass(frozen=True)
class EventQuantity:
    """A quantity of whole events: the number of objects, of those of a class, or the sum of an output.

    `edges` with the contents of both samples (normalised, the last bins open) is its histogram.
    """

    name: str
    unit: str
    reference_mean: Measured
    candidate_mean: Measured
    reference_width: Measured
    candidate_width: Measured
    kolmogorov_smirnov: Distance
    wasserstein: Distance
    edges: list[float] = field(default_factory=list)
    reference: list[Measured] = field(default_factory=list)
    candidate: list[Measured] = field(default_factory=list)


@dataclass(frozen=True)
class Test:
    """One line of the table of tests: how unlikely a candidate equal to the reference makes what was measured.

    `p_value` is that of the permutations alone; `adjusted_p_value` accounts for all lines of the table.
    """

    __test__ = False  # for pytest: not a test of the code

    stage: str
    metric: str
    variable: str
    z: Number
    p_value: Number
    adjusted_p_value: Number


@dataclass(frozen=True)
class TestTable:
    """All tests of a validation, most significant first; `false_alarm_rate` is the gate on it, None when not set."""

    __test__ = False

    method: str
    permutations: int
    groups: int
    false_alarm_rate: float | None = None
    entries: list[Test] = field(default_factory=list)


@dataclass(frozen=True)
class EfficiencyMap:
    """Probability of one class in bins of one or two variables, for one species or (empty) for all.

    Efficiencies of both samples carry 68 % Clopper-Pearson intervals. Bins with too few objects are null.
    """

    class_value: int
    class_label: str
    species: str
    axes: list[str]
    units: list[str]
    edges: list[list[float]]
    objects: Grid
    reference: Grid
    reference_low: Grid
    reference_high: Grid
    candidate: Grid
    pull: Grid
    candidate_low: Grid = field(default_factory=list)
    candidate_high: Grid = field(default_factory=list)


@dataclass(frozen=True)
class EfficiencyMetrics:
    """All efficiency maps of a category stage, and the fraction of their bins within 3 sigma.

    `maps` span two variables, `projections` one.
    """

    maps: list[EfficiencyMap]
    coverage: Measured
    bins: int
    within: int
    pull_mean: Measured
    pull_width: Measured
    expected_from_probabilities: bool
    projections: list[EfficiencyMap] = field(default_factory=list)


@dataclass(frozen=True)
class Reliability:
    """Observed frequency against predicted probability of one class."""

    class_value: int
    class_label: str
    predicted: list[float]
    observed: list[Measured]


@dataclass(frozen=True)
class CalibrationMetrics:
    """Expected calibration error and Brier score over all classes; nulls: what a perfect classifier would show."""

    expected_calibration_error: Measured
    null: Measured
    reliability: list[Reliability] = field(default_factory=list)
    brier: Measured = Measured(None)
    brier_null: Measured = Measured(None)


@dataclass(frozen=True)
class ClassFraction:
    """How often a class is drawn in the two samples."""

    class_value: int
    class_label: str
    reference: Measured
    candidate: Measured


@dataclass(frozen=True)
class Correlations:
    """Correlations or covariances of conditions and outputs: reference, and candidate minus reference."""

    names: list[str]
    reference: Grid
    difference: Grid
    largest: Measured
    largest_pair: list[str]


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
        return json.dumps(_finite(asdict(self)), indent=1, allow_nan=False, ensure_ascii=False) + "\n"


def number(value: Any) -> Number:
    """A Python float, or None when it is not finite."""
    value = float(value)
    return value if math.isfinite(value) else None


def _finite(tree: Any) -> Any:
    """The tree with None in place of what is not finite."""
    if isinstance(tree, dict):
        return {str(key): _finite(value) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [_finite(value) for value in tree]
    if isinstance(tree, float):
        return number(tree)
    if tree is None or isinstance(tree, str | bool | int):
        return tree
    return _finite(tree.item()) if hasattr(tree, "item") else str(tree)
