"""A file of collections: each drafted in the order of simulation, given those before it."""

import re
from collections.abc import Mapping

from flashsim.card import branch_of
from flashsim.drafts.collections.collection import draft_collection
from flashsim.drafts.collections.columns import too_few
from flashsim.drafts.collections.contents import Contents
from flashsim.drafts.collections.plan import Layout, Plan
from flashsim.drafts.collections.rules import Rule, rule_for
from flashsim.drafts.draft import Draft, EventDraft, InverseLink
from flashsim.errors import FlashSimError

FEW = 1000
"""Objects below which what a stage learns means little."""


def draft_events(contents: Contents, layout: Layout, tree: str, without: Mapping[str, str]) -> EventDraft:
    """What a card of collections for this file says; FlashSimError if none can be drafted.

    `without` are the collections that are left out, and why.
    """
    table = contents.table
    for name in layout.event:
        if name not in table.numbers:
            raise FlashSimError(f"{table.path}: no column {name!r}, by which {layout.name} tells its events")
    draft = EventDraft(
        name=re.sub(r"\W", "_", f"card_{table.path.stem}", flags=re.ASCII),
        description=f"Drafted from {table.path.name}, {layout.name}.",
        file=str(table.path),
        event=layout.event,
        tree=tree,
        layout=layout.name,
        collections={},
        keep=list(layout.keep),
    )
    rules = _rules(draft, contents, layout, without)
    drawn: tuple[str, ...] = ()
    for place, (plan, rule) in enumerate(rules):
        last = all(later.prefix != plan.prefix for later, _ in rules[place + 1 :])
        found = draft_collection(contents, layout, plan, rule, drawn, last=last)
        if isinstance(found, Draft):
            _say_once(found, draft)
            draft.collections[plan.name] = found
            drawn += (plan.prefix,) if last else ()
        else:
            draft.left_out[plan.name] = found
    if not draft.collections:
        why = "; ".join(f"{name}: {reason}" for name, reason in draft.left_out.items())
        raise FlashSimError(f"{table.path}: no collection of {layout.name} can be learnt from it ({why})")
    _add_links(draft, layout, contents)
    return draft


def _rules(
    draft: EventDraft, contents: Contents, layout: Layout, without: Mapping[str, str]
) -> list[tuple[Plan, Rule | None]]:
    """The collections that there is enough of, with how their objects belong to generated ones."""
    found: list[tuple[Plan, Rule | None]] = []
    for place, plan in enumerate(layout.plans):
        earlier = [one for one in layout.plans[:place] if one.prefix == plan.prefix]
        if any(one.truths == plan.truths and one.name in draft.left_out for one in earlier):
            continue  # the second of those of which there are too few
        before = {other.name: rule for other, rule in found if other.prefix == plan.prefix and rule is not None}
        rule = rule_for(contents, plan, before) if plan.truths else None
        reason = without.get(plan.name) or too_few(contents, plan, rule)
        if reason is None:
            found.append((plan, rule))
        elif (rule is not None and before and rule.others) or not earlier:
            draft.left_out[plan.name] = reason
    return found


def _say_once(later: Draft, draft: EventDraft) -> None:
    """Columns that another collection of the same list writes, or leaves out, are not left out once more."""
    for one in draft.collections.values():
        if one.collection == later.collection:
            said = {line.source for line in one.reconstructed.values()} | one.left_out.keys()
            said |= set() if one.link is None else {branch_of(one.collection, one.link)}
            later.left_out = {name: why for name, why in later.left_out.items() if name not in said}


def _add_links(draft: EventDraft, layout: Layout, contents: Contents) -> None:
    """What jets call their leptons follows from what leptons call their jets."""
    written = {line.source for one in draft.collections.values() for line in one.reconstructed.values()}
    for inverse, link in layout.links:
        targets = [one for one in draft.collections.values() if one.collection == link.partition("_")[0]]
        for name, rank in ((link, 1), (f"{link}1", 1), (f"{link}2", 2)):
            if not targets or inverse not in written or name not in contents.offsets:
                continue
            draft.links[name] = InverseLink(inverse, rank)
            for one in targets:  # also where it is -1 for all objects of this file
                one.left_out.pop(name, None)
                one.reconstructed = {key: line for key, line in one.reconstructed.items() if line.source != name}
                one.guesses = [guess for guess in one.guesses if guess.column != name]


def say_what_is_few(draft: EventDraft) -> None:
    """What collections leave to people, and which have too few objects in their training part to mean anything."""
    for one in draft.collections.values():
        draft.undecided += one.undecided
    few = {name: one.objects for name, one in draft.collections.items() if one.objects < FEW}
    if few:
        listed = ", ".join(f"{name} {objects}" for name, objects in few.items())
        draft.undecided.append(
            f"Objects in the training part: {listed}. Below some {FEW:,} a card runs, and means nothing: name more "
            "files in [sample]."
        )
