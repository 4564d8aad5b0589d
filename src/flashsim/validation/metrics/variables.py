"""What is measured on one variable of the objects, or of whole events."""

from dataclasses import dataclass, field
from typing import Literal

from flashsim.validation.metrics.measured import Distance, Measured


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
