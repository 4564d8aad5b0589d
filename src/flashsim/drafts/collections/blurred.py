"""Spikes at 0 that arithmetic has blurred: the share that was taken from a momentum is ±1e-8 where nothing was."""

import numpy as np
from jaxtyping import Float

SMALL = 1e-6
"""Of the largest absolute value: below this it is the rounding of 32 bits."""
FREQUENT = 0.05
"""Share of the values that must be as small."""
GAP = 100
"""A spike has a gap beside it: up to so many times its width there are practically no values."""


def width_of_spike(values: Float[np.ndarray, " n"]) -> float | None:
    """What is below this is 0 but for rounding; None where there is no such spike."""
    size = np.abs(values)
    width = SMALL * float(size.max(initial=0))
    small, near = np.mean(size < width), np.mean((size >= width) & (size < GAP * width))
    is_blurred = bool(((size > 0) & (size < width)).any())
    return float(f"{width:.1g}") if is_blurred and small >= FREQUENT and near < 0.1 * small else None
