"""Some objects of a namespace, for which formulas are computed alone."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int64, Shaped

from flashsim.card import Expression
from flashsim.stages.namespace import Namespace, parsed

_FEW = 0.1
"""Below this share it costs less to compute a column again for each stage that reads it than once for all objects."""


class ChosenRows:
    """The columns of a namespace, and what follows from them, for the objects of some rows.

    Most particles of a collision are none that a detector sees: what follows from one object alone is computed for the
    chosen ones, with the same result. Functions of whole events see all objects.
    """

    def __init__(self, namespace: Namespace, rows: Int64[np.ndarray, " chosen"]):
        self._namespace = namespace
        self._rows = rows
        self._few = len(rows) < _FEW * namespace.batch.n_objects
        self._found: dict[str, np.ndarray] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, name: str) -> Shaped[np.ndarray, " chosen"]:
        if name not in self._found:
            self._found[name] = self._column(name)
        return self._found[name]

    def evaluate(self, text: str) -> Shaped[np.ndarray, " chosen"]:
        """An expression of the card."""
        if text in self._namespace:
            return self[text]
        expression = parsed(text)
        if expression.of_one_object:
            return self._computed(expression)
        return self._namespace.evaluate(text)[self._rows]

    def matrix(self, texts: Sequence[str]) -> Float[np.ndarray, "chosen columns"]:
        """Several expressions (at least one), a column each, in double precision."""
        return np.stack([self.evaluate(text).astype(np.float64) for text in texts], axis=1)

    def _column(self, name: str) -> Shaped[np.ndarray, " chosen"]:
        formula = self._namespace.formula_of_one_object(name) if self._few and name not in self._namespace else None
        return self._namespace[name][self._rows] if formula is None else self._computed(formula)

    def _computed(self, expression: Expression) -> Shaped[np.ndarray, " chosen"]:
        return expression.evaluate(self.__getitem__, np.array([0, len(self)]))
