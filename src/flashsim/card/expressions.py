"""Formulas of a card: read once, checked, and evaluated the same way in training and simulation."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Bool, Int, Shaped

from flashsim.card.arithmetic import in_events
from flashsim.card.nodes import Call, Logical, Lookup, Name, Node
from flashsim.card.syntax import parse
from flashsim.errors import FlashSimError


@dataclass(frozen=True)
class Expression:
    """A formula over columns: arithmetic, comparisons, conditions and a white-list of functions.

    One that is not `of_one_object` needs whole events, or a table of particles.
    """

    text: str
    names: frozenset[str]
    of_one_object: bool
    tree: Node

    @classmethod
    def parse(cls, text: str, where: str = "expression") -> "Expression":
        """Read a formula; `where` names the card's key in error messages."""
        try:
            return _parse(text)
        except FlashSimError as error:
            shown = text if len(text) <= 80 else text[:77] + "…"
            raise FlashSimError(f"{where} = {shown!r}: {error}") from None

    @classmethod
    def of(cls, text: str, tree: Node) -> "Expression":
        """The formula of a tree."""
        parts = list(tree.parts())
        names = frozenset(part.name for part in parts if isinstance(part, Name))
        return cls(text, names, all(part.of_one_object for part in parts if isinstance(part, Call)), tree)

    def conditions(self) -> list["Expression"]:
        """The conditions that `&` joins, each by itself."""
        return [Expression.of(self.text, node) for node in _joined(self.tree)]

    def evaluate(
        self,
        lookup: Lookup,
        offsets: Int[np.ndarray, " bounds"],
        counted: Bool[np.ndarray, " objects"] | None = None,
    ) -> Shaped[np.ndarray, " objects"]:
        """One value an object: flags for conditions, doubles for everything else.

        Parameters
        ----------
        lookup
            Gives the column of a name, one value an object.
        offsets
            Where each event begins, and the number of objects last; for functions of whole events.
        counted
            The objects that functions of whole events see, the generated ones; None: all.

        A root of a negative number or a division by zero gives NaN or infinity, as in NumPy; whoever
        uses the values as a condition or a target refuses those with the row's number.
        """
        with np.errstate(all="ignore"):
            values = self.tree.evaluate(lookup, in_events(offsets, counted))
        n_objects = int(offsets[-1])
        if values.ndim == 0:
            return np.full(n_objects, values[()])
        if values.shape != (n_objects,):
            raise FlashSimError(f"{self.text!r} has {values.shape[0]} values for {n_objects} objects")
        return values


@lru_cache(maxsize=1024)
def _parse(text: str) -> Expression:
    return Expression.of(text, parse(text))


def _joined(node: Node) -> list[Node]:
    if isinstance(node, Logical) and node.operator == "&":
        return [inner for argument in node.arguments for inner in _joined(argument)]
    return [node]
