"""flashsim train: from a card and a sample to a release."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flashsim.cli.app import app, console, interruptible

if TYPE_CHECKING:
    from flashsim.card import Card, EventCard
    from flashsim.training import Progress


@app.command()
def train(
    card: Annotated[Path, typer.Argument(help="The card (a TOML file): columns, stages, models, gates.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write the release to; must not exist.")],
) -> None:
    """Train every stage of CARD on its sample and write a release.

    Of a card of collections each is trained, and the release holds a release of each.
    Stop it at any time: the same command goes on where it was, and ends with the same bits.
    Next: flashsim validate RELEASE --output REPORT.
    """
    from flashsim.card import EventCard, read_any_card

    parsed = read_any_card(card)
    if isinstance(parsed, EventCard):
        _collections(parsed, output)
    else:
        _one(parsed, output)


def _one(card: "Card", output: Path) -> None:
    from flashsim.api import train as train_card
    from flashsim.cli.progress import training_progress

    kept = f"what was trained is kept in {output}.training; the same command goes on from there"
    with interruptible(kept), training_progress(f"{card.name} ({card.path})") as show:
        detector = train_card(card, output, report=show)
    console.print(f"Release [bold]{output}[/] {detector.hash[:16]}", highlight=False)


def _collections(card: "EventCard", output: Path) -> None:
    from flashsim.api import train_events
    from flashsim.cli.progress import training_progress

    kept = f"what was trained is kept in {output}.collections; the same command goes on from there"
    with interruptible(kept), training_progress(f"{card.name} ({card.path})") as show:

        def report(collection: str, progress: "Progress") -> None:
            show(replace(progress, stage=f"{collection}.{progress.stage}"))

        detector = train_events(card, output, report=report)
    console.print(f"Release [bold]{output}[/] {detector.hash[:16]}: {', '.join(detector.detectors)}", highlight=False)
