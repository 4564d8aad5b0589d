"""flashsim validate: a release against full simulation."""

from pathlib import Path
from typing import Annotated

import typer

from flashsim.cli.app import app, interruptible


@app.command()
def validate(
    release: Annotated[Path, typer.Argument(help="The release to validate.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for report.html and metrics.json.")],
    sample: Annotated[
        list[Path] | None,
        typer.Option(help="Full simulation to compare with; default: the test part of the card's sample."),
    ] = None,
    against: Annotated[
        Path | None, typer.Option(help="The metrics.json of another release: show what got better or worse.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a report that is there.")] = False,
    quick: Annotated[bool, typer.Option("--quick", help="A first look: small classifiers, coarse errors.")] = False,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Seed of the flash sample.")] = 0,
    run_libraries: Annotated[
        bool, typer.Option("--run-libraries", help="Run compiled libraries of the release: they may do anything.")
    ] = False,
) -> None:
    """Compare RELEASE with full simulation that it was not trained on, and say whether its gates hold.

    Writes report.html, one page for people, and metrics.json. Leaves with status 0 when all gates hold, 1 when one
    fails, 2 when one could not be judged.
    """
    from flashsim.api import validate as validate_release
    from flashsim.cli.progress import steps_progress
    from flashsim.cli.verdict import leave_with_verdict
    from flashsim.validation import FULL, QUICK, changes, read_metrics

    earlier = None if against is None else read_metrics(against)
    with interruptible("nothing was written"), steps_progress("Validating") as show:
        metrics = validate_release(
            release,
            output,
            sample=sample,
            against=earlier,
            overwrite=overwrite,
            seed=seed,
            effort=QUICK if quick else FULL,
            run_libraries=run_libraries,
            progress=show,
        )
    leave_with_verdict(metrics, output, None if earlier is None else changes(earlier, metrics))
