"""What a card may set a limit on, and for which kinds of stages."""

from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable


@runtime_checkable
class GateLimits(Protocol):
    """The limits of one stage, as `flashsim.card.Gate` has them; None: not asked for."""

    @property
    def c2st_auc(self) -> float | None:
        """Largest two-sample AUC."""

    @property
    def wasserstein_over_null(self) -> float | None:
        """Largest Wasserstein distance over its null, of every variable: whole, core and tails."""

    @property
    def ks_over_null(self) -> float | None:
        """Largest Kolmogorov-Smirnov distance over its null, of every variable."""

    @property
    def efficiency_coverage(self) -> float | None:
        """Smallest fraction of bins within 3 sigma."""

    @property
    def expected_calibration_error(self) -> float | None:
        """Largest expected calibration error."""

    @property
    def width_ratio_within(self) -> float | None:
        """Largest difference from 1 of a ratio of widths."""

    @property
    def shift_in_widths_below(self) -> float | None:
        """Largest shift of a centre in widths of the reference."""


@dataclass(frozen=True)
class Criterion:
    """What is measured for a limit, on which kinds of stages, and the best value that it can have."""

    title: str
    sense: Literal["at most", "at least"]
    kinds: tuple[str, ...]
    best: float

    def allowance(self, limit: float) -> float:
        """How far from the best value a limit lets a candidate be."""
        return limit - self.best if self.sense == "at most" else self.best - limit


CRITERIA = {
    "c2st_auc": Criterion("two-sample AUC", "at most", ("category", "response"), 0.5),
    "wasserstein_over_null": Criterion("Wasserstein over null", "at most", ("response",), 0.0),
    "ks_over_null": Criterion("Kolmogorov–Smirnov over null", "at most", ("response",), 0.0),
    "efficiency_coverage": Criterion("efficiency bins within 3 σ", "at least", ("category",), 1.0),
    "expected_calibration_error": Criterion("expected calibration error", "at most", ("category",), 0.0),
    "width_ratio_within": Criterion("ratio of widths, from 1", "at most", ("response",), 0.0),
    "shift_in_widths_below": Criterion("shift in widths", "at most", ("response",), 0.0),
}
DEVIATIONS = ("width_ratio_within", "shift_in_widths_below")
"""Criteria that are measured as how far a variable is from the reference."""
