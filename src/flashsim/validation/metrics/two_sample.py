"""What a classifier that tells candidate from reference comes to."""

from dataclasses import dataclass, field

from flashsim.validation.metrics.measured import Measured, Number


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
