"""Formulas of whole events: made of `event_sum(…)`, one value an event, empty events included."""

from collections.abc import Callable, Container
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
from jaxtyping import Int, Shaped

from flashsim.card.arithmetic import in_events
from flashsim.card.expressions import Expression
from flashsim.card.functions import FUNCTIONS, Counted, sums_of_events
from flashsim.card.nodes import Call, Lookup, Name, Node
from flashsim.errors import FlashSimError

Formulas = Callable[[str], Expression | None]
_EVENT_SUM = FUNCTIONS["event_sum"].apply


def evaluate_events(
    expression: Expression,
    lookup: Lookup,
    formulas: Formulas,
    offsets: Int[np.ndarray, " bounds"],
    counted: Counted = None,
    wide: Container[str] = (),
) -> Shaped[np.ndarray, " events"]:
    """One value an event: each `event_sum` over its objects, then the formula around them.

    The objects that are `counted` are added up, all for None. `lookup` gives the column of a name, one value an
    object; `formulas` the formula behind a derived name, which may stand outside `event_sum` if it is one of events
    itself; the names in `wide` are equal for all objects of an event, of which each event has one.
    """
    arithmetic = in_events(offsets, counted)
    sums: dict[str, np.ndarray] = {}

    def add_up(inside: Node) -> Node:
        with np.errstate(all="ignore"):
            name = f"sum {len(sums)}"
            sums[name] = sums_of_events(inside.evaluate(lookup, arithmetic), offsets, counted)
        return Name(name)

    def first(name: str) -> Node:
        sums[name] = np.asarray(lookup(name))[offsets[:-1]]
        return Name(name)

    around = _Around(add_up, lambda name: first(name) if name in wide else None, formulas, expression.text)
    tree = around(expression.tree)
    events = np.arange(len(offsets), dtype=np.int64)  # now each event is one row
    with np.errstate(all="ignore"):
        values = tree.evaluate(sums.__getitem__, in_events(events))
    return np.full(len(offsets) - 1, values[()]) if values.ndim == 0 else values


def check_of_events(expression: Expression, formulas: Formulas, wide: Container[str] = ()) -> None:
    """Raise FlashSimError for a column that does not stand within `event_sum`."""
    _Around(lambda inside: inside, lambda name: Name(name) if name in wide else None, formulas, expression.text)(
        expression.tree
    )


@dataclass(frozen=True)
class _Around:
    """The tree of a formula with the sums in it, and what is the same for the whole event, made into names."""

    add_up: Callable[[Node], Node]
    of_event: Callable[[str], Node | None]
    formulas: Formulas
    text: str

    def __call__(self, node: Node) -> Node:
        if isinstance(node, Call) and node.function is _EVENT_SUM:
            return self.add_up(node.arguments[0])
        if isinstance(node, Name):
            return self.of_event(node.name) or self._named(node.name)
        if not node.arguments:
            return node
        return replace(cast(Any, node), arguments=tuple(self(one) for one in node.arguments))

    def _named(self, name: str) -> Node:
        formula = self.formulas(name)
        if formula is None:
            raise FlashSimError(f"{self.text!r}: {name!r} is of one object; an event has sums: event_sum({name})")
        return self(formula.tree)
