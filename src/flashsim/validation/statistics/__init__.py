"""Statistics of samples dealt into groups of events: errors, nulls, significance. Arrays in, numbers out."""

from flashsim.validation.statistics.effort import FULL, QUICK, Effort
from flashsim.validation.statistics.nulls import beside_null, swap_distances
from flashsim.validation.statistics.resampling import (
    GROUPS,
    GroupSums,
    Resampling,
    Sizes,
    group_of,
    resampling,
    spread,
    swapped,
)
from flashsim.validation.statistics.significance import adjusted_p_values, combined, largest, normal_deviates

__all__ = [
    "FULL",
    "GROUPS",
    "QUICK",
    "Effort",
    "GroupSums",
    "Resampling",
    "Sizes",
    "adjusted_p_values",
    "beside_null",
    "combined",
    "group_of",
    "largest",
    "normal_deviates",
    "resampling",
    "spread",
    "swap_distances",
    "swapped",
]
