"""How the objects of a collection belong to generated ones: the rule that explains most, tried on the file."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Shaped

from flashsim.card import Expression, Related
from flashsim.drafts.collections.contents import Contents
from flashsim.drafts.collections.plan import Plan, Truth
from flashsim.events import ColumnSource, Relation
from flashsim.training import relation_of

ENOUGH = 0.5
"""A share of the objects that a candidate explains, from which no other is looked for."""
TRUSTED = 0.98
"""Share of the places of an index that must lie among the objects that are meant; else the nearest is taken."""


@dataclass(frozen=True)
class Rule:
    """A table of `[related]`, and what it finds: `others` in all, `found` that belong to a generated object."""

    truth: Truth
    table: dict[str, object]
    selected: Bool[np.ndarray, " objects"]
    others: int
    found: int
    why: str


def relation_from(table: Mapping[str, object]) -> Relation:
    """The rule of a table of `[related]`."""
    relation = relation_of(Related.model_validate(table))
    assert relation is not None
    return relation


def rule_for(contents: Contents, plan: Plan) -> Rule | None:
    """The rule for a collection; None if the file has nothing that it could follow."""
    rules = [rule for truth in plan.truths if (rule := _of(contents, plan, truth)) is not None]
    enough = (rule for rule in rules if rule.found >= ENOUGH * rule.others)
    return next(enough, max(rules, key=lambda rule: rule.found, default=None))


def _of(contents: Contents, plan: Plan, truth: Truth) -> Rule | None:
    if not contents.has(truth.prefix + truth.pt, *truth.direction):
        return None
    reason = ""
    index = plan.prefix + (truth.index or "")
    if truth.index is not None and index in contents.offsets:
        rule, astray = _found(contents, plan, truth, {"index": index}, f"by {index}")
        if rule.found + astray and rule.found >= TRUSTED * (rule.found + astray):
            return rule
        reason = f", as {astray} of {rule.found + astray} places of {index} are of other particles"
    direction = [plan.prefix + name for name in ("eta", "phi")]
    if not contents.has(*direction):
        return None
    where = [text for text in (truth.where, truth.pair) if text is not None]
    table: dict[str, object] = {
        "nearest": direction,
        "to": list(truth.direction),
        "radius": truth.radius,
        "once": True,
    }
    if where:
        table["where"] = " & ".join(f"({text})" if "&" in text else text for text in where)
    return _found(contents, plan, truth, table, f"the nearest within {truth.radius:g}{reason}")[0]


def _found(contents: Contents, plan: Plan, truth: Truth, table: dict[str, object], why: str) -> tuple[Rule, int]:
    """What a rule finds, and how many belong to objects that are not meant."""
    relation = relation_from(table)
    names = [truth.prefix + truth.pt]
    if truth.where is not None:
        names += sorted(Expression.parse(truth.where).names)
    sources = {name: ColumnSource(name) for name in names} | {"count": ColumnSource("count", relation=relation)}
    batch = contents.read(sources)
    selected = _selected(truth, batch.columns, batch.n_objects)
    counts = batch.columns["count"]
    others = contents.size(plan.prefix + "eta" if plan.prefix + "eta" in contents.offsets else relation.others[0])
    return Rule(truth, table, selected, others, int(counts[selected].sum()), why), int(counts[~selected].sum())


def _selected(
    truth: Truth, columns: Mapping[str, Shaped[np.ndarray, " objects"]], n: int
) -> Bool[np.ndarray, " objects"]:
    if truth.where is None:
        return np.ones(n, dtype=bool)
    return Expression.parse(truth.where).evaluate(columns.__getitem__, np.array([0, n])).astype(bool)
