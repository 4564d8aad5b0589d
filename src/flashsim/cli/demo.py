"""flashsim demo: the whole way on the spectrometer, from Geant4 to a validated flash sample."""

import time
from pathlib import Path
from typing import Annotated

import typer

from flashsim.cli.app import app, console, interruptible


@app.command()
def demo(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for everything.")] = Path("flashsim-demo"),
    events: Annotated[
        int | None, typer.Option(min=1, help="Events to simulate (default: the test part of the sample).")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Seed of the flash sample.")] = 0,
) -> None:
    """Train the spectrometer on its Geant4 sample, validate it, and simulate events it never saw.

    Leaves release/, report/report.html, report/metrics.json, flash.parquet and flash.root. Takes some
    minutes; stopped, it goes on where it was.
    """
    from flashsim import api
    from flashsim.card import read_card
    from flashsim.cli.progress import events_progress, steps_progress, training_progress
    from flashsim.cli.simulate import print_summary
    from flashsim.cli.verdict import print_verdict
    from flashsim.experiments.spectrometer import CARD
    from flashsim.files import remove
    from flashsim.training import sample_files

    card = read_card(CARD)
    release, report = output / "release", output / "report"
    with interruptible(f"what is done is kept in {output}; the same command goes on from there"):
        if release.exists():
            detector = api.load(release)
            console.print(f"Release [bold]{release}[/] is there already: not trained again", highlight=False)
        else:
            with training_progress("the spectrometer on Geant4 tracks") as show:
                detector = api.train(card, release, report=show)
        console.print(f"Release [bold]{release}[/] {detector.hash[:16]}", highlight=False)
        with steps_progress("Validating against Geant4 events that were not trained on") as step:
            metrics = api.validate(release, report, overwrite=True, seed=seed, progress=step)
        print_verdict(metrics)
        truth = sample_files(card, "test")
        for name in ("flash.parquet", "flash.root"):
            remove(output / name)
            start = time.perf_counter()
            with events_progress(f"Simulating {name}") as advance:
                counts = api.simulate(
                    detector,
                    truth,
                    output / name,
                    seed=seed,
                    first=events,
                    report=lambda total, advance=advance: advance(total.events, total.objects),
                )
        print_summary(counts, output / name, time.perf_counter() - start)
    console.print(f"Report: [bold]{report / 'report.html'}[/]", highlight=False, soft_wrap=True)
