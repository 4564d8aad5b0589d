"""The columns that tables of `[propagate]` give, as formulas that are computed elsewhere."""

from typing import NoReturn

from flashsim.card.arithmetic import Arithmetic, Values
from flashsim.card.expressions import Expression
from flashsim.card.nodes import Call
from flashsim.card.propagate import PARTS, part_name
from flashsim.card.schema import Card


def propagated(card: Card) -> dict[str, tuple[str, Expression]]:
    """Every column that a card's tables of `[propagate]` give: the key of its table, and what it is made of.

    Such an expression knows its names; its values, of all columns of a table at once, are computed by
    `flashsim.propagation`.
    """
    found: dict[str, tuple[str, Expression]] = {}
    for name, table in card.propagate.items():
        key = f"propagate.{name}"
        made_of = [Expression.parse(text, f"{key}.{part}") for part, text in table.formulas.items()]
        tree = Call(_elsewhere, tuple(one.tree for one in made_of), of_one_object=False)
        for part in PARTS:
            found[part_name(name, part)] = key, Expression.of(f"[{key}]: {part}", tree)
    return found


def _elsewhere(arithmetic: Arithmetic, values: list[Values]) -> NoReturn:
    raise TypeError("columns of [propagate] are computed by flashsim.propagation")
