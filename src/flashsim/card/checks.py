"""Whether a card is consistent: names, cycles, units, the order of stages, and formulas that close."""

import keyword
import re
from collections import Counter
from collections.abc import Iterable

from flashsim.card.adversarial import AdversarialModel
from flashsim.card.comparison_checks import check_comparisons
from flashsim.card.edm4hep import edm4hep_formulas
from flashsim.card.expressions import Expression
from flashsim.card.functions import FUNCTIONS
from flashsim.card.model import FlowMatchingModel
from flashsim.card.names import EVENT_NAMES, Names, check_cycles, leaves
from flashsim.card.propagate import PARTS, part_name
from flashsim.card.propagate_checks import check_propagation
from flashsim.card.related_checks import check_related
from flashsim.card.schema import FALSE_ALARM_RATE, Card
from flashsim.card.stage import Stage
from flashsim.card.units import factor
from flashsim.card.unmatched import SLOT, UNMATCHED
from flashsim.card.unmatched_checks import UnmatchedOrder, check_unmatched
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
    _check_predictions(card)
    for definitions in (names.reference, names.simulation, names.unmatched):
        for definition in definitions.values():
            names.check_known(definition.expression, definition.key)
        check_cycles(definitions)
    _check_sample(names)
    _check_coupling(card)
    _check_members(card)
    _check_order(names)
    _check_output(names)
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


def _check_predictions(card: Card) -> None:
    """Every column of an object is predicted once at most, exists, and has no formula beside."""
    owner: dict[tuple[str, str], str] = {}
    for stage in card.stages:
        if stage.of == "events":
            continue
        for name in stage.predicted_names:
            key = f"stage.{stage.name}.predict"
            if (stage.of, name) in owner:
                raise FlashSimError(f"{key}: {name!r} is predicted by stage {owner[stage.of, name]!r} already")
            owner[stage.of, name] = stage.name
            column = card.reconstructed.get(name)
            known = column is not None or name in card.categories or _has_expression(stage, name)
            if not known and (card.has_sample or not stage.is_external):
                raise FlashSimError(
                    f"{key}: {name!r} is no column of [reconstructed]{nearest(name, card.reconstructed)}; "
                    "declare it there or in [categories], or say by an expression what is learnt"
                )
            if column is not None and column.formula is not None and stage.of == "generated":
                raise FlashSimError(
                    f"{key}: {name!r} is predicted, and made by reconstructed.{name}.from = "
                    f"{column.formula!r} as well; leave one of them out"
                )


def _has_expression(stage: Stage, name: str) -> bool:
    if isinstance(stage.predict, str) or name not in stage.predict:
        return False
    return stage.predict[name].expression is not None


def _check_sample(names: Names) -> None:
    sample = names.card.sample
    for key, text in (("sample.where", sample.where), ("sample.weight", sample.weight)):
        if text is not None:
            names.check_known(Expression.parse(text, key), key)


def _check_coupling(card: Card) -> None:
    """Noise near its targets is standard normal over all objects, but no longer so when these are weighted."""
    for stage in card.stages:
        model = stage.model
        if isinstance(model, FlowMatchingModel) and model.coupling != "independent" and card.sample.weight is not None:
            raise FlashSimError(
                f"stage.{stage.name}.model.coupling = {model.coupling!r}: not with weights, here "
                f"sample.weight = {card.sample.weight!r}, which would distort the noise; write 'independent'"
            )


def _check_members(card: Card) -> None:
    """One number says which member simulates an event: it must mean the same in every ensemble."""
    ensembles = [stage for stage in card.stages if stage.members > 1]
    for stage in ensembles[1:]:
        if stage.members != ensembles[0].members:
            raise FlashSimError(
                f"stage.{stage.name}.members = {stage.members}: stage {ensembles[0].name!r} has "
                f"{ensembles[0].members}; all ensembles of a card have as many members, other stages 1"
            )


def _check_order(names: Names) -> None:
    """A stage may use what is known before it: truth, and what earlier stages predict."""
    available = set(names.truth)
    unmatched = UnmatchedOrder(names)
    for stage in names.card.stages:
        prefix = f"stage.{stage.name}"
        texts = {f"{prefix}.given[{index}]": text for index, text in enumerate(stage.given)}
        if stage.where is not None:
            texts = {f"{prefix}.where": stage.where} | texts
        for key, text in texts.items():
            if stage.of == "generated":
                _check_available(names, text, key, available)
            else:
                unmatched.check(text, key)
        _check_auxiliary(names, stage)
        unmatched.add(stage)
        if stage.of != "unmatched":
            available.update(stage.predicted_names)
    for name, definition in names.simulation.items():
        if name in names.card.reconstructed:
            _check_available(names, definition.expression.text, definition.key, available)
    unmatched.check_written()


def _check_auxiliary(names: Names, stage: Stage) -> None:
    """Auxiliary features are made of what the stage predicts, object by object."""
    texts = stage.model.auxiliary if isinstance(stage.model, AdversarialModel) else []
    for index, text in enumerate(texts):
        key = f"stage.{stage.name}.model.auxiliary[{index}]"
        expression = Expression.parse(text, key)
        names.check_known(expression, key)
        for name in sorted(expression.names - set(stage.predicted_names)):
            raise FlashSimError(
                f"{key} = {text!r}: {name!r} is not predicted by this stage{nearest(name, stage.predicted_names)}; "
                f"use its {', '.join(stage.predicted_names)}"
            )
        if not expression.of_one_object:
            raise FlashSimError(f"{key} = {text!r}: functions of whole events, and charge(), cannot be used here")
        if not expression.names:
            raise FlashSimError(f"{key} = {text!r}: a number is no feature; use {', '.join(stage.predicted_names)}")


def _check_output(names: Names) -> None:
    output = names.card.output
    available = names.of_generated
    if output.where is not None:
        _check_available(names, output.where, "output.where", available)
    if output.edm4hep is not None:
        for key, text in edm4hep_formulas(output.edm4hep, "output.edm4hep"):
            truth_only = key.startswith("output.edm4hep.MCParticle.")
            _check_available(names, text, key, names.truth if truth_only else available)
    if output.edm4hep is not None and output.particles:
        raise FlashSimError("output.particles: EDM4hep's MCParticle has no place for them; leave them out")
    known = {*names.card.reconstructed, *names.card.derive, *names.predicted}
    for listed, columns in (("columns", output.columns), ("particles", output.particles)):
        for index, name in enumerate(columns):
            key = f"output.{listed}[{index}]"
            if name not in known:
                raise FlashSimError(
                    f"{key} = {name!r}: no column of [reconstructed] or [derive], nor predicted{nearest(name, known)}"
                )
            _check_available(names, name, key, available)
            if name in columns[:index]:
                raise FlashSimError(f"{key} = {name!r} stands twice")


def _check_available(names: Names, text: str, key: str, available: Iterable[str]) -> None:
    expression = Expression.parse(text, key)
    names.check_known(expression, key)
    for name in sorted(leaves(expression, names.simulation) - set(available)):
        through = "" if name in expression.names else f" (through {', '.join(sorted(expression.names))})"
        stage = names.predicted.get(name)
        if stage is not None and name in names.predicted_of("unmatched").keys() - names.predicted_of("generated"):
            raise FlashSimError(
                f"{key} = {text!r}: {name!r}{through} is predicted of unmatched objects alone, by stage {stage!r}; a "
                "generated object needs a stage or a formula of its own"
            )
        if stage is not None:
            raise FlashSimError(
                f"{key} = {text!r}: {name!r}{through} is predicted only by stage {stage!r}, which is not "
                "earlier; move that stage up or leave the name out"
            )
        raise FlashSimError(
            f"{key} = {text!r}: {name!r}{through} is not known in simulation: no stage predicts it and "
            f"reconstructed.{name} has no formula in `from`"
        )
