"""Formulas of whole events: made of `event_sum(…)`, one value an event, empty events included."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import numpy as np
from jaxtyping import Int, Shaped

from flashsim.card.arithmetic import in_events
from flashsim.card.expressions import Expression
from flashsim.card.functions import FUNCTIONS, sums_of_events
from flashsim.card.nodes import Call, Lookup, Name, Node
from flashsim.errors import FlashSimError

Formulas = Callable[[str], Expression | None]
_EVENT_SUM = FUNCTIONS["event_sum"].apply


def evaluate_events(
    expression: Expression, lookup: Lookup, formulas: Formulas, offsets: Int[np.ndarray, " bounds"]
) -> Shaped[np.ndarray, " events"]:
    """One value an event: each `event_sum` over its objects, then the formula around them.

    `lookup` gives the column of a name, one value an object; `formulas` the formula behind a derived name, which may
    stand outside `event_sum` if it is one of events itself.
    """
    arithmetic = in_events(offsets)
    sums: dict[str, np.ndarray] = {}

    def add_up(inside: Node) -> Node:
        with np.errstate(all="ignore"):
            name = f"sum {len(sums)}"
            sums[name] = sums_of_events(inside.evaluate(lookup, arithmetic), offsets)
        return Name(name)

    tree = _around(expression.tree, add_up, formulas, expression.text)
    events = np.arange(len(offsets), dtype=np.int64)  # now each event is one row
    with np.errstate(all="ignore"):
        values = tree.evaluate(sums.__getitem__, in_events(events))
    return np.full(len(offsets) - 1, values[()]) if values.ndim == 0 else values


def check_of_events(expression: Expression, formulas: Formulas) -> None:
    """Raise FlashSimError for a column that does not stand within `event_sum`."""
    _around(expression.tree, lambda inside: inside, formulas, expression.text)


def _around(node: Node, add_up: Callable[[Node], Node], formulas: Formulas, text: str) -> Node:
    """The tree with the sums in it made into names."""
    if isinstance(node, Call) and node.function is _EVENT_SUM:
        return add_up(node.arguments[0])
    if isinstance(node, Name):
        formula = formulas(node.name)
        if formula is None:
            raise FlashSimError(f"{text!r}: {node.name!r} is of one object; an event has sums: event_sum({node.name})")
        return _around(formula.tree, add_up, formulas, text)
    if not node.arguments:
        return node
    around = tuple(_around(one, add_up, formulas, text) for one in node.arguments)
    return replace(cast(Any, node), arguments=around)
