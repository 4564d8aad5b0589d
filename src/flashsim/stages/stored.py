"""What a file keeps of a reconstructed column, where its mantissa is short."""

import numpy as np
from jaxtyping import Shaped

from flashsim.card import Reconstructed, factor
from flashsim.events import rounded


def stored(column: Reconstructed, values: Shaped[np.ndarray, " objects"]) -> Shaped[np.ndarray, " objects"]:
    """Values in internal units, rounded to the `precision` that the column has in the file's unit; else as they are."""
    if column.precision is None:
        return values
    scale = factor(column.unit)
    return rounded(values / scale, column.precision) * np.float64(scale)
