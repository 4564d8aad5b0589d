"""flashsim simulate: from generated events to a flash sample."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.table import Table

from flashsim.cli.app import app, console, interruptible

if TYPE_CHECKING:
    from flashsim.simulation import Counts


@app.command()
def simulate(
    release: Annotated[
        Path, typer.Argument(help="The release that simulates, of one kind of objects or of collections.")
    ],
    events: Annotated[
        list[Path],
        typer.Argument(
            help="Generated events: ROOT, Parquet, or HepMC2/3 text, plain, gzip, or in a tar archive; for a release "
            "of collections NanoAOD."
        ),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            help="File to write: *.parquet, *.root, *.sqlite or *.db (of a release of collections *.root); must not "
            "exist.",
        ),
    ],
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Seed of the random numbers.")] = 0,
    oversample: Annotated[int, typer.Option(min=1, help="Simulate each event so many times.")] = 1,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Threads (default: cores + 1); the result does not depend on it.")
    ] = None,
    chunk: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Events read at a time (default: 1,000, of collections 8,192); the result does not depend on it.",
        ),
    ] = None,
    member: Annotated[
        int | None, typer.Option(min=0, help="Simulate all events by this member of the ensembles (default: drawn).")
    ] = None,
    run_libraries: Annotated[
        bool, typer.Option("--run-libraries", help="Run compiled libraries of the release: they may do anything.")
    ] = False,
    format: Annotated[
        Literal["ttree", "rntuple"] | None, typer.Option(help="What a ROOT file holds (default: ttree).")
    ] = None,
) -> None:
    """Simulate the EVENTS with RELEASE and write reconstructed objects with links to their truth.

    A release of collections writes whole events: NanoAOD as it was, with what full simulation would add.
    The same release, seed and events give the same bytes. Stop it at any time: the same command goes on.
    """
    from flashsim.api import simulate as simulate_events
    from flashsim.cli.progress import events_progress

    start = time.perf_counter()
    kept = f"what is finished is kept in {output}.unfinished; the same command goes on from there"
    with interruptible(kept), events_progress("Simulating") as show:
        counts = simulate_events(
            release,
            events,
            output,
            seed=seed,
            oversample=oversample,
            workers=workers,
            chunk_events=chunk,
            member=member,
            run_libraries=run_libraries,
            format=format,
            report=lambda total: show(total.events, total.objects),
        )
    print_summary(counts, output, time.perf_counter() - start)


def print_summary(counts: "Counts", output: Path, seconds: float) -> None:
    """What a simulation came to."""
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_row("events (collisions) read", f"{counts.events:,}")
    table.add_row("objects read", f"{counts.objects:,}")
    table.add_row("objects simulated", f"{counts.simulated:,}")
    for stage, number in counts.given.items():
        table.add_row(f"given to {stage}", f"{number:,}")
        table.add_row(f"outside the training range of {stage}", f"{counts.outside[stage]:,}")
    table.add_row("objects reconstructed", f"{counts.reconstructed:,}")
    if counts.unmatched:
        table.add_row("of these, following no generated object", f"{counts.unmatched:,}")
    table.add_row("events with reconstructed objects", f"{counts.filled:,}")
    rates = f"{counts.simulated / seconds:,.0f} objects/s, {counts.events / seconds:,.0f} events/s"
    table.add_row("rate", f"{rates} (in {seconds:,.1f} s, of which compiling takes the first ones)")
    table.add_row("file", f"{output} ({output.stat().st_size / 1e6:,.1f} MB)")
    console.print(table, highlight=False)
