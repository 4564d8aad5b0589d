"""Whether the tables of `[compare]` are consistent: names that are known, and known in simulation too."""

import re

from flashsim.card.combination_names import column_of_daughter, kinematic_names
from flashsim.card.comparison import Comparison
from flashsim.card.expressions import Expression
from flashsim.card.names import Names, leaves
from flashsim.card.of_events import check_of_events
from flashsim.card.units import factor
from flashsim.errors import FlashSimError, nearest

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def check_comparisons(names: Names) -> None:
    """Refuse a comparison with a formula that cannot be computed; the message names its key."""
    for name, comparison in names.card.compare.items():
        key = f"compare.{name}"
        parts = {"daughters": comparison.daughters or {}, "pulls": comparison.pulls}
        within = [(one, f"{key}.{part}") for part, named in parts.items() for one in named]
        for one, table in ((name, "compare"), *within):
            if not _NAME.fullmatch(one):
                raise FlashSimError(f"{table}.{one}: a name begins with a letter and holds only letters, digits and _")
        for variable, described in comparison.variables.items():
            _check_unit(described.unit, f"{key}.variables.{variable}.unit")
        formulas = {f"{key}.{part}": text for part, text in comparison.formulas().items()}
        for part, text in comparison.formulas_of_daughters().items():
            _check_available(names, Expression.parse(text, f"{key}.{part}"), f"{key}.{part}")
        for part, text in formulas.items():
            expression = Expression.parse(text, part)
            if comparison.daughters is not None:
                _check_combination(names, expression, part, comparison)
                continue
            if comparison.of == "unmatched" and names.card.stages:
                continue  # by `check_unmatched`
            _check_available(names, expression, part)
            if comparison.of == "events":
                _check_events(names, expression, part)


def _check_unit(unit: str | None, key: str) -> None:
    try:
        factor(unit or "")
    except FlashSimError as error:
        raise FlashSimError(f"{key} = {unit!r}: {error}") from None


def _check_available(names: Names, expression: Expression, key: str) -> None:
    """Every name is known, and of a card with stages known in simulation: full and flash have the same formulas."""
    names.check_known(expression, key)
    if not names.card.stages:
        return
    for name in sorted(leaves(expression, names.simulation) - names.of_generated):
        raise FlashSimError(
            f"{key} = {expression.text!r}: {name!r} is not known in simulation: no stage predicts it and "
            f"reconstructed.{name} has no formula in `from`"
        )


def _check_combination(names: Names, expression: Expression, key: str, comparison: Comparison) -> None:
    kinematic = kinematic_names(comparison)
    for name in sorted(expression.names - set(kinematic)):
        found = column_of_daughter(name, comparison)
        if found is not None and found[1] in names.everything:
            _check_available(names, Expression.parse(found[1], key), key)
            continue
        daughters = list(comparison.daughters or {})
        known = [*kinematic, *(f"{one}_{column}" for one in daughters for column in names.everything)]
        needs = "" if len(kinematic) else "; for its mass and momentum it needs 'momentum'"
        raise FlashSimError(
            f"{key} = {expression.text!r}: unknown name {name!r}{nearest(name, known)}; a combination knows "
            f"{', '.join([*kinematic, *(f'{one}_<column>' for one in daughters)])}{needs}"
        )
    for function in ("event_sum", "group_sum", "first_of", "nearest"):
        if not expression.of_one_object and function in expression.text:
            raise FlashSimError(
                f"{key} = {expression.text!r}: {function} is for objects and events, not for combinations"
            )


def _check_events(names: Names, expression: Expression, key: str) -> None:
    shared, table = names.shared, names.card.unmatched
    wide = () if table is None else (table.number,)
    try:
        check_of_events(expression, lambda name: shared[name].expression if name in shared else None, wide)
    except FlashSimError as error:
        raise FlashSimError(f"{key} = {error}") from None
