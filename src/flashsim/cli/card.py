"""flashsim card: cards made from files, and what their rules find there."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.markup import escape
from rich.table import Table

from flashsim.cli.app import app, console
from flashsim.errors import FlashSimError

if TYPE_CHECKING:
    from flashsim.card import Card
    from flashsim.drafts import Draft, EventDraft

group = typer.Typer(no_args_is_help=True, help="Make cards, and look at what they match.")
app.add_typer(group, name="card")


@group.command()
def init(
    file: Annotated[
        Path, typer.Argument(help="Full simulation: NanoAOD, PHYSLITE, or an ntuple (ROOT or Parquet, flat or jagged).")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="The card to write (*.toml); must not exist.")],
    like: Annotated[
        Literal["nanoaod", "physlite", "flat"] | None,
        typer.Option(
            help="What the file is like: a format of many collections, or one kind of objects, a row or a list an "
            "event (default: told by names)."
        ),
    ] = None,
    tree: Annotated[str | None, typer.Option(help="TTree or RNTuple to read (default: the only one).")] = None,
    event: Annotated[
        tuple[str, str] | None, typer.Option(help="Columns of the run and the event number (default: by their names).")
    ] = None,
    truth: Annotated[
        list[str] | None, typer.Option(help="Columns that are the generator's, as 'p*'; may be given several times.")
    ] = None,
    reconstructed: Annotated[
        list[str] | None, typer.Option(help="Columns that are reconstructed; may be given several times.")
    ] = None,
) -> None:
    """Write a first card for FILE, guessing from names and values what its columns are.

    Of NanoAOD and PHYSLITE it is a card of collections: jets from generated jets, muons from generated muons, and so
    on, each given those before it. Says what it guessed and why, what it left out, and what only you can decide. The
    card trains as it is.
    Next: flashsim inspect CARD, then flashsim train CARD.
    """
    from flashsim.drafts import EventDraft, init_card

    with console.status(f"Reading {file}"):
        draft = init_card(
            file, output, like=like, tree=tree, event=event, truth=truth or (), reconstructed=reconstructed or ()
        )
    if isinstance(draft, EventDraft):
        _print_events(draft, output)
    else:
        _print(draft, output)


@group.command()
def matching(
    card: Annotated[
        Path, typer.Argument(help="A card with \\[related] tables or \\[unmatched], or one of collections.")
    ],
) -> None:
    """Count what the rules of CARD find in its sample, and what they leave over.

    For each rule with an index, or once: how many objects have 0, 1, 2, … partners, and which share of the others is
    matched, duplicated (a second for the same object) or unmatched. Of a card with \\[unmatched] also how many objects
    an event has that follow no generated one.
    """
    from flashsim.card import EventCard, read_any_card
    from flashsim.training import matching_rules

    read = read_any_card(card)
    if not isinstance(read, EventCard):
        _matching(read)
        return
    matched = {name: one for name, one in read.collections.items() if one.unmatched is not None or matching_rules(one)}
    if not matched:
        raise FlashSimError(f"{card}: no collection has a rule with an 'index', or 'once': there is nothing to match")
    for name, collection in matched.items():
        console.print(f"[bold]\\[collection.{escape(name)}][/]", highlight=False)
        _matching(collection)


def _matching(card: "Card") -> None:
    from flashsim.training import left_over, matches

    if card.unmatched is not None:
        extra = left_over(card)
        by_number = ", ".join(f"{events:,} with {number}" for number, events in extra.multiplicity.items())
        console.print(f"[bold]unmatched[/]: {extra.objects:,}; of the events {by_number}", highlight=False)
        if not card.related:
            return
    for name, found in matches(card).items():
        by_count = ", ".join(f"{number:,} with {count}" for count, number in found.multiplicity.items())
        console.print(
            f"[bold]{escape(name)}[/]: of {sum(found.multiplicity.values()):,} objects {by_count}", highlight=False
        )
        parts = {"matched": found.matched, "duplicated": found.duplicated, "unmatched": found.unmatched}
        shares = ", ".join(f"{number:,} {part} ({number / max(found.others, 1):.1%})" for part, number in parts.items())
        console.print(f"  of {found.others:,} others {shares}", highlight=False)


def _print(draft: "Draft", output: Path) -> None:
    _rows(
        "guessed",
        [(guess.column, guess.taken_for, guess.why) for guess in draft.guesses],
        ("column", "taken for", "why"),
    )
    _rows("left out", list(draft.left_out.items()), ("column", "why"))
    _print_rest(draft, output)


def _print_events(draft: "EventDraft", output: Path) -> None:
    """A line a collection; what became of each column is said in the card."""
    console.print(f"Taken for [bold]{draft.layout}[/], by the names of its columns.", highlight=False)
    _rows(
        "collections, in the order of simulation",
        [(name, one.description, one.summary) for name, one in draft.collections.items()],
        ("name", "from", "columns"),
    )
    columns = [(name, why) for one in draft.collections.values() for name, why in one.left_out.items()]
    _rows("columns left out", columns, ("column", "why"))
    _rows("collections left out", list(draft.left_out.items()), ("name", "why"))
    _print_rest(draft, output)


def _print_rest(draft: "Draft | EventDraft", output: Path) -> None:
    if draft.undecided:
        console.print("[bold]for you to decide[/]", highlight=False)
    for question in draft.undecided:
        console.print(f"  • {escape(question)}", highlight=False)
    console.print(
        f"Card [bold]{escape(str(output))}[/]: read it, then flashsim train {escape(str(output))}", highlight=False
    )


def _rows(title: str, rows: list[tuple[str, ...]], columns: tuple[str, ...]) -> None:
    if not rows:
        return
    console.print(f"[bold]{title}[/]", highlight=False)
    table = Table(box=None, padding=(0, 2, 0, 2))
    for name in columns:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*map(escape, row))
    console.print(table, highlight=False)
