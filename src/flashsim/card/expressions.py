"""Formulas of a card: read once, checked, and evaluated the same way in training and simulation."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from jaxtyping import Float, Int, Shaped

from flashsim.card.functions import number
from flashsim.card.nodes import Lookup, Node
from flashsim.card.syntax import parse
from flashsim.errors import FlashSimError


@dataclass(frozen=True)
class Expression:
    """A formula over columns: arithmetic, comparisons, conditions and a white-list of functions."""

    text: str
    names: frozenset[str]
    tree: Node

    @classmethod
    def parse(cls, text: str, where: str = "expression") -> "Expression":
        """Read a formula; `where` names the card's key in error messages."""
        try:
            return _parse(text)
        except FlashSimError as error:
            shown = text if len(text) <= 80 else text[:77] + "…"
            raise FlashSimError(f"{where} = {shown!r}: {error}") from None

    def evaluate(self, lookup: Lookup, offsets: Int[np.ndarray, " bounds"]) -> Shaped[np.ndarray, " objects"]:
        """One value an object: flags for conditions, doubles for everything else.

        Parameters
        ----------
        lookup
            Gives the column of a name, one value an object.
        offsets
            Where each event begins, and the number of objects last; for functions of whole events.

        A root of a negative number or a division by zero gives NaN or infinity, as in NumPy; whoever
        uses the values as a condition or a target refuses those with the row's number.
        """
        with np.errstate(all="ignore"):
            values = np.asarray(self.tree.evaluate(lookup, offsets))
        n_objects = int(offsets[-1])
        if values.ndim == 0:
            return np.full(n_objects, values[()])
        if values.shape != (n_objects,):
            raise FlashSimError(f"{self.text!r} has {values.shape[0]} values for {n_objects} objects")
        return values

    def traced(self, columns: Mapping[str, Float[Any, " objects"]]) -> Float[Any, " objects"]:
        """The same for JAX arrays, within a loss: gradients go through it. Not for functions in `NOT_IN_A_LOSS`."""
        return number(self.tree.evaluate(columns.__getitem__, np.zeros(0, np.int64)))


@lru_cache(maxsize=1024)
def _parse(text: str) -> Expression:
    tree = parse(text)
    return Expression(text, frozenset(tree.names()), tree)
