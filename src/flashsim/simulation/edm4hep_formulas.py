"""The formulas of `[output.edm4hep]`, for the objects that have a row."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int64, Shaped

from flashsim.stages import Namespace


@dataclass(frozen=True)
class Formulas:
    """What formulas of the card are for some objects of a block."""

    namespace: Namespace

    def values(self, formula: str, objects: Int64[np.ndarray, " rows"]) -> Shaped[np.ndarray, " rows"]:
        """One value a row."""
        return self.namespace.evaluate(formula)[objects]

    def matrix(self, formulas: Sequence[str], objects: Int64[np.ndarray, " rows"]) -> Float[np.ndarray, "rows columns"]:
        """A column for each of several (at least one)."""
        return np.stack([self.values(text, objects).astype(np.float64) for text in formulas], axis=1)
