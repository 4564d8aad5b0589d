"""flashsim reference: make more full simulation."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from flashsim.cli.app import app, console, interruptible

reference = typer.Typer(no_args_is_help=True, help="Make a reference sample by full simulation.")
app.add_typer(reference, name="reference")


@reference.callback()
def _reference() -> None:
    """Make a reference sample by full simulation of one of the ready experiments."""


@reference.command()
def spectrometer(
    events: Annotated[int, typer.Option(min=1, help="How many events.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Parquet file to write; must not exist.")],
    seed: Annotated[int, typer.Option(min=0, help="Seed; the same seed gives the same bytes.")] = 0,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes (default: one a core).")] = None,
    physics: Annotated[
        Literal["data-free", "FTFP_BERT"],
        typer.Option(help="Physics list; FTFP_BERT needs Geant4's data sets (G4*DATA variables)."),
    ] = "data-free",
    decay: Annotated[
        list[str] | None,
        typer.Option(
            help="Instead of the usual mixture: events of this decay, d0 (to K pi), jpsi (to two muons) or ks "
            "(to two pions); only the daughters are transported. Can be given several times."
        ),
    ] = None,
) -> None:
    """Generate with Pythia8 and a gun, transport with Geant4, digitise and reconstruct.

    Needs the extra: pip install "flashsim\\[geant4]". Stop it at any time: the same command goes on.
    """
    from flashsim.experiments.spectrometer.reference import make_reference

    with interruptible(f"finished chunks are kept in {output}.part; the same command goes on from there"):
        make_reference(events, output, seed=seed, workers=workers, physics=physics, decays=decay or ())
    console.print(f"Reference sample [bold]{output}[/] ({output.stat().st_size / 1e6:.1f} MB)", highlight=False)


@reference.command()
def vertices(
    tracks: Annotated[Path, typer.Argument(help="A sample of the spectrometer, whose tracks are used.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Parquet file to write; must not exist.")],
    rounds: Annotated[int, typer.Option(min=1, help="How often each event is used, each time among others.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Seed; the same seed gives the same bytes.")] = 0,
) -> None:
    """Put events of the spectrometer together to bunch crossings, and find and fit their vertices."""
    from flashsim.experiments.vertices.reference import make_vertices

    with interruptible("nothing is kept"):
        make_vertices(tracks, output, rounds=rounds, seed=seed)
    console.print(f"Reference sample [bold]{output}[/] ({output.stat().st_size / 1e6:.1f} MB)", highlight=False)
