"""What a card may set a limit on, and for which kinds of stages."""

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


CRITERIA: dict[str, tuple[str, Literal["at most", "at least"], tuple[str, ...]]] = {
    "c2st_auc": ("two-sample AUC", "at most", ("category", "response")),
    "wasserstein_over_null": ("Wasserstein over null", "at most", ("response",)),
    "ks_over_null": ("Kolmogorov–Smirnov over null", "at most", ("response",)),
    "efficiency_coverage": ("efficiency bins within 3 σ", "at least", ("category",)),
    "expected_calibration_error": ("expected calibration error", "at most", ("category",)),
    "width_ratio_within": ("ratio of widths, from 1", "at most", ("response",)),
    "shift_in_widths_below": ("shift in widths", "at most", ("response",)),
}
RESOLVED = ("width_ratio_within", "shift_in_widths_below")
"""Criteria that are not judged where the error is larger than the limit, unless they are plainly not met."""
