"""flashsim train: from a card and a sample to a release."""

from pathlib import Path
from typing import Annotated

import typer

from flashsim.cli.app import app, console, interruptible


@app.command()
def train(
    card: Annotated[Path, typer.Argument(help="The card (a TOML file): columns, stages, models, gates.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write the release to; must not exist.")],
) -> None:
    """Train every stage of CARD on its sample and write a release.

    Stop it at any time: the same command goes on where it was, and ends with the same bits.
    Next: flashsim validate RELEASE --output REPORT.
    """
    from flashsim.api import train as train_card
    from flashsim.card import read_card
    from flashsim.cli.progress import training_progress

    parsed = read_card(card)
    kept = f"what was trained is kept in {output}.training; the same command goes on from there"
    with interruptible(kept), training_progress(f"{parsed.name} ({card})") as show:
        detector = train_card(parsed, output, report=show)
    console.print(f"Release [bold]{output}[/] {detector.hash[:16]}", highlight=False)
