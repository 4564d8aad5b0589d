"""A draft of whole events as the text of a card of collections."""

from flashsim.drafts.draft import EventDraft
from flashsim.drafts.text import detector_blocks, head, sample_text, table_text

_RULE = "# " + 78 * "-" + "\n"


def event_card_text(draft: EventDraft, card: str) -> str:
    """The card; `card` is the name of its file."""
    blocks = [head(draft, card), sample_text(draft)]
    for name, one in draft.collections.items():
        blocks.append(f"{_RULE}# {name}. {one.description}\n")
        blocks += detector_blocks(one, f"collection.{name}.")
    if draft.keep:
        blocks.append(table_text("[event]  # what else the written events hold", {"keep": draft.keep}))
    blocks += [
        table_text(f"[event.links.{name}]", {"inverse": link.inverse, "rank": link.rank})
        for name, link in draft.links.items()
    ]
    return "\n".join(blocks)
