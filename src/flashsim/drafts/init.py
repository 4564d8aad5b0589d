"""From a file of full simulation to a card that trains: drafted, written, and tried on the file."""

from collections.abc import Sequence
from os.path import relpath
from pathlib import Path
from typing import Literal

from flashsim.drafts.draft import Draft
from flashsim.drafts.flat import draft_flat
from flashsim.drafts.table import open_any
from flashsim.drafts.text import card_text
from flashsim.drafts.trial import fit_for_training
from flashsim.errors import FlashSimError
from flashsim.files import atomic, refuse_existing

Like = Literal["flat"]


def init_card(
    file: str | Path,
    output: str | Path,
    *,
    like: Like = "flat",
    tree: str | None = None,
    event: tuple[str, str] | None = None,
    truth: Sequence[str] = (),
    reconstructed: Sequence[str] = (),
) -> Draft:
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
    with open_any(file, tree) as table:
        draft = draft_flat(table, tree=tree, truth=truth, reconstructed=reconstructed, event=event)
    draft.file = relpath(draft.file, output.parent)
    fit_for_training(draft, output)
    with atomic(output) as part:
        part.write_text(card_text(draft, output.name), encoding="utf-8")
    return draft
