"""One collection of a file: from its plan to a draft, or why there is none."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Shaped

from flashsim.card import Expression, factor
from flashsim.drafts.collections.columns import columns_of
from flashsim.drafts.collections.contents import Contents
from flashsim.drafts.collections.leftover import NUMBER, add_left_over
from flashsim.drafts.collections.places import add_places
from flashsim.drafts.collections.plan import Layout, Plan
from flashsim.drafts.collections.rules import PARTNER, Rule, relation_from
from flashsim.drafts.collections.targets import Targets
from flashsim.drafts.collections.truth import CHOSEN, TruthSide, add_conditions, declared
from flashsim.drafts.collections.vector import add_vector
from flashsim.drafts.draft import Draft, Guess, Line, StageDraft
from flashsim.drafts.kinds import is_constant
from flashsim.drafts.names import key_of
from flashsim.drafts.precision import precision_of
from flashsim.events import LEFT_OVER, ColumnSource, EventBatch


@dataclass(frozen=True)
class Objects:
    """The events of a file as a draft sees them: rows of its columns, and which of them are what."""

    batch: EventBatch
    chosen: Bool[np.ndarray, " rows"]
    found: Bool[np.ndarray, " rows"]
    left: Bool[np.ndarray, " rows"]

    def of(self, rows: Bool[np.ndarray, " rows"], keys: Mapping[str, object]) -> dict[str, Shaped[np.ndarray, " n"]]:
        """These columns of some rows."""
        return {key: self.batch.columns[key][rows].astype(np.float64) for key in keys}


def draft_collection(
    contents: Contents, layout: Layout, plan: Plan, rule: Rule | None, drawn: tuple[str, ...], *, last: bool
) -> Draft | str:
    """The draft of a collection, or why it is left out.

    The names of what was `drawn` before begin like this. What follows nothing is drawn with the `last` collection of a
    list.
    """
    draft = Draft(name=plan.name, description="", file=str(contents.path), event=contents.event, collection=plan.output)
    taken = {"run", "event", "slot", "unmatched", "number", NUMBER, CHOSEN}
    if rule is not None:
        draft.related |= rule.before | {PARTNER: rule.table}
    side = declared(contents, layout, plan, rule.truth if rule else None, drawn, draft, taken)
    names = columns_of(contents, plan, draft)
    if not names:
        return "no column of numbers"
    keys = {key_of(suffix, taken, "rec"): suffix for suffix in names}
    units = {key: layout.unit_of(suffix) for key, suffix in keys.items()}
    objects = _read(contents, draft, rule, side, {key: names[suffix] for key, suffix in keys.items()}, units)
    _say_rule(draft, plan, rule)
    if rule is not None:
        draft.link = rule.truth.index
        draft.left_out.pop(f"{plan.prefix}{draft.link}", None)
    where = None if rule is None or rule.truth.where is None else _in_keys(rule.truth.where, rule.truth.prefix)
    needed = set() if where is None else Expression.parse(where).names
    add_conditions(draft, side, objects.of(objects.chosen, side.lines), needed | set(side.partners.values()), taken)
    if where is not None:
        draft.derive[CHOSEN] = where
    _add_number(draft, objects, side)
    targets = Targets(
        draft,
        {key: names[suffix] for key, suffix in keys.items()},
        keys,
        objects.of(objects.found, keys),
        objects.of(objects.left, keys),
        {key: contents.values(names[suffix]) * np.float64(factor(units[key])) for key, suffix in keys.items()},
        objects.of(objects.found, side.lines),
        {suffix: key for suffix, key in side.partners.items() if key in side.lines},
        units,
        taken,
        PARTNER if rule is not None else None,
    )
    if plan.vector is not None:
        add_vector(targets)
    add_places(targets)
    targets.add_all()
    _add_precision(draft, targets)
    draft.stages.append(StageDraft("response", "what is measured", side.given, targets.learnt, draft.where))
    if rule is not None and last and objects.left.any():
        _add_left_over(draft, targets, objects, side)
    return draft


def _read(
    contents: Contents,
    draft: Draft,
    rule: Rule | None,
    side: TruthSide,
    names: Mapping[str, str],
    units: Mapping[str, str],
) -> Objects:
    """The file through the columns of the draft."""
    rules = {name: relation_from(name, draft.related) for name in draft.related}
    sources = {
        key: ColumnSource(line.source, factor(line.unit), None, None if line.of is None else rules[line.of])
        for key, line in side.lines.items()
    }
    partner = rules.get(PARTNER)
    sources |= {key: ColumnSource(name, factor(units[key]), None, partner) for key, name in names.items()}
    if rule is None:
        batch = contents.read(sources)
        every = np.ones(batch.n_objects, dtype=bool)
        return Objects(batch, every, every, ~every)
    sources["number"] = ColumnSource("count", relation=partner)
    sources[LEFT_OVER] = ColumnSource(LEFT_OVER, relation=partner)
    batch = contents.read(sources)
    left = batch.columns[LEFT_OVER].astype(bool)
    chosen = ~left
    chosen[~left] = rule.selected
    return Objects(batch, chosen, chosen & (batch.columns["number"] > 0), left)


def _say_rule(draft: Draft, plan: Plan, rule: Rule | None) -> None:
    if rule is None:
        draft.description = "Numbers of an event."
        return
    share = rule.found / max(rule.others, 1)
    rest = "that are left " if rule.before else ""
    draft.description = (
        f"From {rule.truth.prefix.rstrip('._')}: {rule.found:,} of {rule.others:,} {rest}({share:.0%}) follow one."
    )
    draft.guesses.append(Guess(plan.prefix + "*", "from " + rule.truth.prefix + "*", f"{rule.why}: {share:.1%}"))


def _in_keys(where: str, prefix: str) -> str:
    return where.replace(prefix, "gen_")


def _add_number(draft: Draft, objects: Objects, side: TruthSide) -> None:
    """How many partners an object has: whether it is found."""
    if PARTNER not in draft.related:
        return
    chosen = CHOSEN if CHOSEN in draft.derive else None
    counts = objects.batch.columns["number"][objects.chosen]
    draft.reconstructed["number"] = Line("count", "", why="how many belong to a generated object", of=PARTNER)
    draft.where = "number > 0" if chosen is None else f"{chosen} & (number > 0)"
    if is_constant(counts):
        draft.reconstructed["number"] = Line("count", "", f"{counts[0]}", "always", of=PARTNER)
        return
    classes, numbers = np.unique(counts, return_counts=True)
    why = ", ".join(f"{number:,} with {value}" for value, number in zip(classes, numbers, strict=True))
    draft.stages.append(StageDraft("multiplicity", why, side.given, "number", chosen))


def _add_precision(draft: Draft, targets: Targets) -> None:
    """The bits of mantissas that the file keeps, of every column that is read of it."""
    for key, line in draft.reconstructed.items():
        if key in targets.every:
            bits = precision_of(targets.every[key] / np.float64(factor(line.unit)))
            draft.reconstructed[key] = replace(line, precision=bits)


def _add_left_over(draft: Draft, targets: Targets, objects: Objects, side: TruthSide) -> None:
    counts = np.bincount(objects.batch.event_index[objects.left], minlength=objects.batch.n_events).astype(np.int64)
    # Without logarithms: an event without generated objects has 0 in the place of its numbers.
    event = [
        re.sub(r"^log10\((\w+)\)$", r"\1", text)
        for text in side.given
        if Expression.parse(text).names <= set(side.of_events)
    ]
    generated = CHOSEN if CHOSEN in draft.derive else f"{next(iter(side.lines))} != 0"
    add_left_over(draft, targets, PARTNER, counts, [*event, f"event_sum({generated})"], side.of_events)
