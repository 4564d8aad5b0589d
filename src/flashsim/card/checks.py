"""Whether a card is consistent: its names and units here, each of its parts by a module of its own."""

import keyword
import re
from collections import Counter

from flashsim.card.comparison_checks import check_comparisons
from flashsim.card.expressions import Expression
from flashsim.card.functions import FUNCTIONS
from flashsim.card.names import EVENT_NAMES, Names, check_cycles
from flashsim.card.order_checks import check_order, check_output
from flashsim.card.propagate import PARTS, part_name
from flashsim.card.propagate_checks import check_propagation
from flashsim.card.related_checks import check_related
from flashsim.card.schema import FALSE_ALARM_RATE, Card
from flashsim.card.stage_checks import check_stages
from flashsim.card.units import factor
from flashsim.card.unmatched import SLOT, UNMATCHED
from flashsim.card.unmatched_checks import check_unmatched
from flashsim.errors import FlashSimError, nearest

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def check(card: Card) -> None:
    """Refuse a card that contradicts itself; the message names key, value and the nearest right name."""
    _check_stage_names(card)
    names = Names(card)
    _check_declarations(card)
    _check_units(card)
    check_related(card)
    check_propagation(names)
    check_unmatched(names)
    for definitions in (names.reference, names.simulation, names.unmatched):
        for definition in definitions.values():
            names.check_known(definition.expression, definition.key)
        check_cycles(definitions)
    check_stages(names)
    _check_sample(names)
    check_order(names)
    check_output(names)
    check_comparisons(names)


def _check_stage_names(card: Card) -> None:
    known = [*(stage.name for stage in card.stages), *card.compare]
    for name, count in Counter(known).items():
        if count > 1:
            raise FlashSimError(
                f"stage.name = {name!r}: {count} stages or tables of [compare] have this name; give each its own"
            )
    for name, gate in card.gates.items():
        if (name == FALSE_ALARM_RATE) != isinstance(gate, float):
            wanted = "a number, the rate of false alarms" if name == FALSE_ALARM_RATE else "a table of criteria"
            raise FlashSimError(f"gates.{name} = {gate!r}: it must be {wanted}{nearest(name, [FALSE_ALARM_RATE])}")
        if name != FALSE_ALARM_RATE and name not in known:
            raise FlashSimError(
                f"gates.{name}: there is no stage {name!r}{nearest(name, known)}, nor such a table of "
                f"[compare]; there are {', '.join(known)}"
            )


def _check_declarations(card: Card) -> None:
    declared = [("columns", name) for name in card.columns]
    declared += [("derive", name) for name in card.derive]
    declared += [("categories", name) for name in card.categories]
    declared += [(f"propagate.{name}", part_name(name, part)) for name in card.propagate for part in PARTS]
    declared += [("reconstructed", name) for name in card.reconstructed]
    for stage in card.stages:
        if not isinstance(stage.predict, str):
            declared += [
                (f"stage.{stage.name}.predict", name)
                for name, variable in stage.predict.items()
                if variable.expression is not None or variable.columns is not None
            ]
    if card.unmatched is not None:
        declared.append(("unmatched.number", card.unmatched.number))
    first: dict[str, str] = dict.fromkeys(EVENT_NAMES, "every event")
    if card.unmatched is not None:
        first |= dict.fromkeys((SLOT, UNMATCHED), "unmatched objects")
    for table, name in declared:
        if not _IDENTIFIER.fullmatch(name) or keyword.iskeyword(name) or name in FUNCTIONS:
            raise FlashSimError(
                f"{table}.{name}: {name!r} cannot be a name in formulas: use letters, digits and _, "
                "no function or Python keyword, and give the name in the file as source"
            )
        if name in first:
            raise FlashSimError(f"{table}.{name}: the name {name!r} is taken by {first[name]}")
        first[name] = table


def _check_units(card: Card) -> None:
    units = {f"columns.{name}.unit": column.unit for name, column in card.columns.items()}
    units |= {f"reconstructed.{name}.unit": column.unit for name, column in card.reconstructed.items()}
    for stage in card.stages:
        if not isinstance(stage.predict, str):
            prefix = f"stage.{stage.name}.predict"
            units |= {f"{prefix}.{name}.unit": variable.unit for name, variable in stage.predict.items()}
    for key, unit in units.items():
        try:
            factor(unit)
        except FlashSimError as error:
            raise FlashSimError(f"{key} = {unit!r}: {error}") from None


def _check_sample(names: Names) -> None:
    sample = names.card.sample
    for key, text in (("sample.where", sample.where), ("sample.weight", sample.weight)):
        if text is not None:
            names.check_known(Expression.parse(text, key), key)
