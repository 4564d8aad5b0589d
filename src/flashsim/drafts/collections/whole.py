"""A file of collections: each drafted in the order of simulation, given those before it."""

import re
from collections.abc import Mapping

from flashsim.drafts.collections.collection import draft_collection
from flashsim.drafts.collections.contents import Contents
from flashsim.drafts.collections.plan import Layout
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
    for plan in layout.plans:
        found = without.get(plan.name) or draft_collection(contents, layout, plan, set(draft.collections))
        if isinstance(found, Draft):
            draft.collections[plan.name] = found
        else:
            draft.left_out[plan.name] = found
    if not draft.collections:
        why = "; ".join(f"{name}: {reason}" for name, reason in draft.left_out.items())
        raise FlashSimError(f"{table.path}: no collection of {layout.name} can be learnt from it ({why})")
    _add_links(draft, layout, contents)
    return draft


def _add_links(draft: EventDraft, layout: Layout, contents: Contents) -> None:
    """What jets call their leptons follows from what leptons call their jets."""
    for inverse, link in layout.links:
        collection, _, column = inverse.partition("_")
        if collection not in draft.collections or column not in draft.collections[collection].reconstructed:
            continue
        for rank in (1, 2):
            jets = draft.collections.get(link.partition("_")[0])
            if jets is not None and f"{link}{rank}" in contents.offsets:
                draft.links[f"{link}{rank}"] = InverseLink(inverse, rank)
                jets.left_out.pop(f"{link}{rank}", None)


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
