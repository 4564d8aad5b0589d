"""From a file of full simulation to a card that trains: drafted, written, and tried on the file."""

from collections.abc import Sequence
from dataclasses import replace
from os.path import relpath
from pathlib import Path

from flashsim.drafts.collections import Contents, Layout, draft_events
from flashsim.drafts.draft import Draft, EventDraft
from flashsim.drafts.event_text import event_card_text
from flashsim.drafts.event_trial import fit_events_for_training
from flashsim.drafts.flat import draft_flat
from flashsim.drafts.recognise import Like, layout_of, refuse_patterns
from flashsim.drafts.table import open_any
from flashsim.drafts.text import card_text
from flashsim.drafts.trial import fit_for_training
from flashsim.errors import FlashSimError
from flashsim.files import atomic, refuse_existing


def init_card(
    file: str | Path,
    output: str | Path,
    *,
    like: Like | None = None,
    tree: str | None = None,
    event: tuple[str, str] | None = None,
    truth: Sequence[str] = (),
    reconstructed: Sequence[str] = (),
) -> Draft | EventDraft:
    """Write a first card for a file of full simulation to `output`, and give what was guessed.

    What the columns are is told by their names and values; `truth` and `reconstructed` are patterns for those that
    their names belie, `event` the columns of run and event number. The card is tried on the file before it is written:
    formulas must close, and where a stage has too few objects to be trained, `undecided` says so.
    Raises FlashSimError for a file that cannot be used, and when `output` exists.
    """
    output = Path(output)
    refuse_existing(output)
    if output.suffix != ".toml":
        raise FlashSimError(f"{output}: a card is a TOML file; give it a name that ends in .toml")
    if not output.parent.is_dir():
        raise FlashSimError(f"{output}: there is no folder {output.parent}; make it first")
    layout = layout_of(file, tree, like)
    if layout is not None:
        refuse_patterns(layout, {"truth": truth, "reconstructed": reconstructed})
        draft, text = _of_events(file, output, layout, tree, event)
    else:
        draft, text = _flat(file, output, tree, event, truth, reconstructed)
    with atomic(output) as part:
        part.write_text(text, encoding="utf-8")
    return draft


def _flat(
    file: str | Path,
    output: Path,
    tree: str | None,
    event: tuple[str, str] | None,
    truth: Sequence[str],
    reconstructed: Sequence[str],
) -> tuple[Draft, str]:
    with open_any(file, tree) as table:
        draft = draft_flat(table, tree=tree, truth=truth, reconstructed=reconstructed, event=event)
    draft.file = relpath(draft.file, output.parent)
    fit_for_training(draft, output)
    return draft, card_text(draft, output.name)


def _of_events(
    file: str | Path, output: Path, layout: Layout, tree: str | None, event: tuple[str, str] | None
) -> tuple[EventDraft, str]:
    if event is not None:
        layout = replace(layout, event=event)
    with open_any(file, tree or layout.tree, lambda name: name.startswith(layout.prefixes)) as table:
        contents = Contents(table, layout.event)
        too_small: dict[str, str] = {}
        while True:
            draft = draft_events(contents, layout, tree or layout.tree, too_small)
            draft.file = relpath(draft.file, output.parent)
            found = fit_events_for_training(draft, contents, output)
            if not found:
                break
            too_small |= found  # and once more, as what is drawn after them would read them
    return draft, event_card_text(draft, output.name)
