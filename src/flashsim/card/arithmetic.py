"""What formulas compute with: NumPy in double precision, or another library that follows NumPy's names."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Int

Values = Any  # an array of whatever library computes


@dataclass(frozen=True)
class Arithmetic:
    """An array library, the precision of its numbers, and where each event begins (for functions of events).

    Those functions see the objects that are `counted`, all for None, and have a value for every object.
    """

    library: Any
    precision: type
    offsets: Int[np.ndarray, " bounds"]
    counted: Bool[np.ndarray, " objects"] | None = None

    def number(self, values: Any) -> Values:
        """Numbers in this precision, so that integers neither overflow nor divide to integers."""
        return self.library.asarray(values, dtype=self.precision)

    def truth(self, values: Any) -> Values:
        """Truth values: a number is true unless it is zero, so that 0/1 columns serve as flags."""
        values = self.library.asarray(values)
        return values if values.dtype == np.bool_ else values != 0


def in_events(offsets: Int[np.ndarray, " bounds"], counted: Bool[np.ndarray, " objects"] | None = None) -> Arithmetic:
    """What training and simulation use: doubles."""
    return Arithmetic(np, np.float64, offsets, counted)
