"""flashsim compare: any two samples, whatever has made them."""

from pathlib import Path
from typing import Annotated, Any

import typer

from flashsim.cli.app import app, interruptible


@app.command()
def compare(
    reference: Annotated[str, typer.Argument(help="The sample to compare with: a file, or a pattern in quotes.")],
    candidate: Annotated[str, typer.Argument(help="The sample that is judged: a file, or a pattern in quotes.")],
    card: Annotated[Path, typer.Option(help="The card that says what is compared: its stages, and [compare].")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for report.html and metrics.json.")],
    more_reference: Annotated[
        list[str] | None, typer.Option("--reference", help="More files of the reference; may be repeated.")
    ] = None,
    more_candidate: Annotated[
        list[str] | None, typer.Option("--candidate", help="More files of the candidate; may be repeated.")
    ] = None,
    against: Annotated[Path | None, typer.Option(help="An older metrics.json: show what has changed.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a report that is there.")] = False,
    quick: Annotated[bool, typer.Option("--quick", help="A first look: small classifiers, coarse errors.")] = False,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Seed of halves, folds and permutations.")] = 0,
) -> None:
    """Compare two samples, full, fast or flash, from FlashSim or any other program.

    Writes report.html, one page for people, and metrics.json; by a card of collections into a folder for each, and
    --against is then the output of another comparison. Leaves with status 0 when all gates hold, 1 when one
    fails, 2 when one could not be judged.
    """
    from flashsim.api import compare as compare_samples
    from flashsim.api import compare_events
    from flashsim.card import EventCard, read_any_card
    from flashsim.cli.progress import steps_progress
    from flashsim.cli.verdict import leave_with_verdict, leave_with_verdicts
    from flashsim.validation import FULL, QUICK, changes, read_metrics

    how: dict[str, Any] = {"overwrite": overwrite, "seed": seed, "effort": QUICK if quick else FULL}
    both = [reference, *(more_reference or [])], [candidate, *(more_candidate or [])]
    parsed = read_any_card(card)
    if isinstance(parsed, EventCard):
        with interruptible("finished reports are kept"), steps_progress("Comparing") as show:
            verdicts = compare_events(*both, output, card=parsed, against=against, progress=show, **how)
        leave_with_verdicts(verdicts, output)
        return
    earlier = None if against is None else read_metrics(against)
    with interruptible("nothing was written"), steps_progress("Comparing") as show:
        metrics = compare_samples(*both, output, card=parsed, against=earlier, progress=show, **how)
    leave_with_verdict(metrics, output, None if earlier is None else changes(earlier, metrics))
