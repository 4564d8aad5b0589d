"""Objects that follow no generated one: their number, and what they are, without truth."""

import re

import numpy as np
from jaxtyping import Int64

from flashsim.card import Expression, internal_unit
from flashsim.drafts.collections.columns import FEWEST
from flashsim.drafts.collections.targets import Targets
from flashsim.drafts.draft import Draft, Learnt, LeftOver, StageDraft
from flashsim.drafts.kinds import is_constant, kind_of_values, number_text
from flashsim.drafts.names import words_of

MOST_IN_AN_EVENT = 31
NUMBER = "n_unmatched"


def add_left_over(
    draft: Draft,
    targets: Targets,
    rule: str,
    counts: Int64[np.ndarray, " events"],
    given: list[str],
    of_events: list[str],
) -> None:
    """`[unmatched]`, and its two stages; nothing if every event has as many, or one has too many to be classes.

    `given` are conditions of the event alone, of columns `of_events` and of sums over its generated objects.
    """
    if counts.sum() < FEWEST:
        draft.undecided.append(f"{draft.name}: {counts.sum()} unmatched objects are too few: they are left out.")
        return
    if counts.min() == counts.max():
        draft.undecided.append(f"{draft.name}: every event has {counts[0]} unmatched objects: they are left out.")
        return
    if counts.max() > MOST_IN_AN_EVENT:
        draft.undecided.append(
            f"{draft.name}: {counts.max()} unmatched objects in an event are too many classes: they are left out."
        )
        return
    left = LeftOver(rule, NUMBER, list(of_events))
    learnt: dict[str, Learnt] = {}
    for key in targets.draft.reconstructed.keys() & targets.names.keys():
        learnt |= _learnt(targets, key, left)
    learnt = {key: learnt[key] for key in sorted(learnt)}
    draft.unmatched = left
    why = f"{counts.sum():,} in {len(counts):,} events"
    draft.stages.append(StageDraft("number_unmatched", why, given, NUMBER, of="events"))
    if learnt:
        conditions = [*given, "slot", f"{NUMBER} + 0"]
        draft.stages.append(StageDraft("unmatched", "what they are", conditions, dict(learnt), of="unmatched"))


def _learnt(targets: Targets, key: str, left: LeftOver) -> dict[str, Learnt]:
    """What is drawn for a column of theirs; nothing if it is made as that of others, or the same for all."""
    if key in targets.of_left:
        left.formulas[key] = targets.of_left[key]
        return {}
    values = targets.left[key]
    formula = targets.draft.reconstructed[key].formula
    if formula is not None and (key in targets.shared or not Expression.parse(formula).names):
        return {}
    if is_constant(values):
        left.formulas[key] = number_text(values[0])
        return {}
    if formula is None:
        return {key: Learnt(targets.kind(key), unit=internal_unit(targets.units[key]))}
    if variables := _without_truth(targets, formula):
        for name in variables:
            formula = re.sub(rf"\b{name}\b", f"unmatched_{name}", formula)
        left.formulas[key] = formula
        own = {name: targets.learnt[name] for name in variables}
        return {f"unmatched_{name}": Learnt(one.kind, one.expression, one.unit) for name, one in own.items()}
    kind = kind_of_values(values, frozenset(words_of(targets.suffixes[key])))
    return {key: Learnt(kind, unit=internal_unit(targets.units[key]))}


def _without_truth(targets: Targets, formula: str) -> list[str]:
    """The variables of a formula that are made of reconstructed columns alone, as the level of nested flags is."""
    drawn = [name for name in sorted(Expression.parse(formula).names) if name in targets.learnt]
    texts = [targets.learnt[name].expression for name in drawn]
    used = [Expression.parse(text).names for text in (formula, *(text for text in texts if text))]
    known = targets.names.keys() | set(drawn)
    return [name for name in drawn if targets.learnt[name].expression] if frozenset().union(*used) <= known else []
