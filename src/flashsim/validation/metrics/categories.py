"""What is measured on a category: efficiencies, calibration, shares of the classes."""

from dataclasses import dataclass, field

from flashsim.validation.metrics.measured import UNKNOWN, Grid, Measured


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
    brier: Measured = UNKNOWN
    brier_null: Measured = UNKNOWN


@dataclass(frozen=True)
class ClassFraction:
    """How often a class is drawn in the two samples."""

    class_value: int
    class_label: str
    reference: Measured
    candidate: Measured
