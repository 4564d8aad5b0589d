"""How many bits of its mantissa a column keeps, told by its values."""

import numpy as np
from jaxtyping import Shaped

from flashsim.events import is_rounded

FEWEST_VALUES = 50
"""With fewer different values a column is one of kinds, not of numbers that were rounded."""
MOST = 16
"""Bits from which rounding is finer than anything that is measured."""


def precision_of(values: Shaped[np.ndarray, " objects"]) -> int | None:
    """The fewest bits that hold all values, in the unit of the file; None where nothing is gained by knowing."""
    if values.dtype.kind != "f" or (values == np.rint(values)).all() or len(np.unique(values)) < FEWEST_VALUES:
        return None
    return next((bits for bits in range(1, MOST + 1) if is_rounded(values, bits).all()), None)
