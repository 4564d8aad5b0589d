"""What every fit checks first: the table is there, finite, and its weights can be used."""

import numpy as np
from jaxtyping import Float, Num, Shaped
from numpy.typing import ArrayLike

from flashsim.errors import FlashSimError


def checked(
    values: Shaped[np.ndarray, "n width"], weights: Num[np.ndarray, " n"] | None, name: str
) -> tuple[Float[np.ndarray, "n width"], Float[np.ndarray, " n"]]:
    """Values and weights in float64 (weights default to 1); refuses what no fit can use."""
    table = np.asarray(values, dtype=np.float64)
    if len(table) == 0:
        raise FlashSimError(f"{name}: no values to fit a transform on; does the stage's selection keep any row?")
    refuse(~np.isfinite(table).all(axis=1), table, name, "is not finite; remove such rows from the sample")
    weight = np.ones(len(table)) if weights is None else np.asarray(weights, dtype=np.float64)
    refuse(~np.isfinite(weight), weight[:, None], f"{name}: weight", "is not finite")
    if weight.sum() <= 0:
        raise FlashSimError(f"{name}: the weights sum to {weight.sum():g}; the sum must be positive")
    return table, weight


def refuse(bad: ArrayLike, table: np.ndarray, name: str, complaint: str) -> None:
    """Raise an error that names the first bad row, its value, and how many rows there are like it."""
    rows = np.flatnonzero(bad)
    if len(rows) == 0:
        return
    row = int(rows[0])
    value = ", ".join(f"{x:.9g}" for x in np.atleast_1d(table[row]))
    more = len(rows) - 1
    others = f" ({more} more row{'s' if more > 1 else ''} like it)" if more else ""
    raise FlashSimError(f"{name}: row {row}: {value} {complaint}{others}")


def refuse_constant(table: np.ndarray, name: str) -> None:
    """Raise an error when a column holds one value only: there is nothing to learn."""
    for column in range(table.shape[1]):
        if table[:, column].min() == table[:, column].max():
            which = name if table.shape[1] == 1 else f"{name}, component {column}"
            raise FlashSimError(
                f"{which}: all {len(table)} values are {table[0, column]:.9g}; a constant needs no model: "
                "take it out of `predict`"
            )
