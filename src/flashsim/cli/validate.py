"""flashsim validate: a release against full simulation."""

from pathlib import Path
from typing import Annotated, Any

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

    Writes report.html, one page for people, and metrics.json; of a release of collections into a folder for each, and
    --against is then the output of another validation. Leaves with status 0 when all gates hold, 1 when one
    fails, 2 when one could not be judged.
    """
    from flashsim.api import validate as validate_release
    from flashsim.api import validate_events
    from flashsim.cli.progress import steps_progress
    from flashsim.cli.verdict import leave_with_verdict, leave_with_verdicts
    from flashsim.release import is_event_release
    from flashsim.validation import FULL, QUICK, changes, read_metrics

    how: dict[str, Any] = {
        "sample": sample,
        "overwrite": overwrite,
        "seed": seed,
        "effort": QUICK if quick else FULL,
        "run_libraries": run_libraries,
    }
    if is_event_release(release):
        with interruptible("finished reports are kept"), steps_progress("Validating") as show:
            verdicts = validate_events(release, output, against=against, progress=show, **how)
        leave_with_verdicts(verdicts, output)
        return
    earlier = None if against is None else read_metrics(against)
    with interruptible("nothing was written"), steps_progress("Validating") as show:
        metrics = validate_release(release, output, against=earlier, progress=show, **how)
    leave_with_verdict(metrics, output, None if earlier is None else changes(earlier, metrics))
