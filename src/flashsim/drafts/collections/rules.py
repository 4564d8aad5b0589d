"""How the objects of a collection belong to generated ones: the rule that explains most, tried on the file."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Shaped

from flashsim.card import Expression, Related
from flashsim.drafts.collections.contents import Contents
from flashsim.drafts.collections.plan import Plan, Truth
from flashsim.events import LEFT_OVER, ColumnSource, Relation
from flashsim.training import relation_of

ENOUGH = 0.5
"""A share of the objects that a candidate explains, from which no other is looked for."""
TRUSTED = 0.98
"""Share of the places of an index that must lie among the objects that are meant; else the nearest is taken."""


PARTNER = "partner"
"""The name of the rule of a collection itself."""
Table = dict[str, object]


@dataclass(frozen=True)
class Rule:
    """A table of `[related]`, and what it finds: `others` in all, `found` that belong to a generated object.

    `others` are those that no rule of `before` takes, tables of other collections, by name.
    """

    truth: Truth
    table: Table
    before: dict[str, Table]
    selected: Bool[np.ndarray, " objects"]
    others: int
    found: int
    why: str


def relation_from(name: str, tables: Mapping[str, Table]) -> Relation:
    """The rule of a table of `[related]`."""
    return relation_of(name, {key: Related.model_validate(table) for key, table in tables.items()})


def rule_for(contents: Contents, plan: Plan, before: dict[str, Rule]) -> Rule | None:
    """The rule for a collection; None if the file has nothing that it could follow.

    `before` are those for the same list, by their collections: what they take is left to them.
    """
    rules = [rule for truth in plan.truths if (rule := _of(contents, plan, truth, before)) is not None]
    enough = (rule for rule in rules if rule.found >= ENOUGH * rule.others)
    return next(enough, max(rules, key=lambda rule: rule.found, default=None))


def _of(contents: Contents, plan: Plan, truth: Truth, before: dict[str, Rule]) -> Rule | None:
    if not contents.has(truth.prefix + truth.pt, *truth.direction):
        return None
    reason = ""
    index = plan.prefix + (truth.index or "")
    if truth.index is not None and index in contents.offsets:
        rule, astray = _found(contents, truth, {"index": index}, {}, f"by {index}")
        if rule.found + astray and rule.found >= TRUSTED * (rule.found + astray):
            return rule
        reason = f", as {astray} of {rule.found + astray} places of {index} are of other particles"
    direction = [plan.prefix + name for name in ("eta", "phi")]
    if not contents.has(*direction):
        return None
    where = [text for text in (truth.where, truth.pair) if text is not None]
    table: Table = {
        "nearest": direction,
        "to": list(truth.direction),
        "radius": truth.radius,
        "once": True,
    }
    if where:
        table["where"] = " & ".join(f"({text})" if "&" in text else text for text in where)
    tables: dict[str, Table] = {}
    for name, rule in before.items():  # each is without all before it, so that the last one says it for all
        tables[name] = rule.table
        table["without"] = [name]
    return _found(contents, truth, table, tables, f"the nearest within {truth.radius:g}{reason}")[0]


def _found(contents: Contents, truth: Truth, table: Table, before: dict[str, Table], why: str) -> tuple[Rule, int]:
    """What a rule finds, and how many belong to objects that are not meant."""
    relation = relation_from(PARTNER, {PARTNER: table} | before)
    names = [truth.prefix + truth.pt]
    if truth.where is not None:
        names += sorted(Expression.parse(truth.where).names)
    sources = {name: ColumnSource(name) for name in names} | {"count": ColumnSource("count", relation=relation)}
    batch = contents.read(sources | {LEFT_OVER: ColumnSource(LEFT_OVER, relation=relation)})
    left = batch.columns[LEFT_OVER].astype(bool)
    columns = {name: values[~left] for name, values in batch.columns.items()}
    selected = _selected(truth, columns, int((~left).sum()))
    counts = columns["count"]
    found, astray = int(counts[selected].sum()), int(counts[~selected].sum())
    return Rule(truth, table, before, selected, found + astray + int(left.sum()), found, why), astray


def _selected(
    truth: Truth, columns: Mapping[str, Shaped[np.ndarray, " objects"]], n: int
) -> Bool[np.ndarray, " objects"]:
    if truth.where is None:
        return np.ones(n, dtype=bool)
    return Expression.parse(truth.where).evaluate(columns.__getitem__, np.array([0, n])).astype(bool)
