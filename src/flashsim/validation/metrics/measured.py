"""Numbers with their errors, and distances beside their nulls."""

import math
from dataclasses import dataclass
from typing import Any

Number = float | None
Grid = list[list[Number]]


@dataclass(frozen=True)
class Measured:
    """A number and its statistical error."""

    value: Number
    error: Number = None


UNKNOWN = Measured(None)


@dataclass(frozen=True)
class Distance:
    """A distance between half of the reference and half of the candidate, beside its null.

    `null` is the same distance between two halves of the reference, scaled to the sizes compared; `over_null`
    is their ratio, 1 on average for a perfect candidate.
    """

    value: Measured
    null: Measured
    over_null: Measured


def number(value: Any) -> Number:
    """A Python float, or None when it is not finite."""
    value = float(value)
    return value if math.isfinite(value) else None
