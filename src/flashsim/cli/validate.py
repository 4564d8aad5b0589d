"""flashsim validate: a release against full simulation."""

from pathlib import Path
from typing import Annotated

import typer

from flashsim.cli.app import app, console, interruptible

GATE_FAILED = 1


@app.command()
def validate(
    release: Annotated[Path, typer.Argument(help="The release to validate.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for report.html and metrics.json.")],
    sample: Annotated[
        list[Path] | None,
        typer.Option(help="Full simulation to compare with; default: the test part of the card's sample."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Seed of the flash sample.")] = 0,
) -> None:
    """Compare RELEASE with full simulation that it was not trained on, and say whether its gates hold.

    Writes report.html, one page for people, and metrics.json. Leaves with status 1 when a gate fails.
    """
    from flashsim.api import validate as validate_release
    from flashsim.cli.progress import steps_progress
    from flashsim.cli.verdict import print_verdict

    with interruptible("nothing was written"), steps_progress("Validating") as show:
        metrics = validate_release(release, output, sample=sample, seed=seed, progress=show)
    passed = print_verdict(metrics)
    console.print(f"Report [bold]{output / 'report.html'}[/]", highlight=False, soft_wrap=True)
    if not passed:
        raise typer.Exit(GATE_FAILED)
