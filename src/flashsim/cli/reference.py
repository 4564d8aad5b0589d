"""flashsim reference: make more full simulation."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated, Literal

import typer

from flashsim.cli.app import app, console, interruptible

reference = typer.Typer(no_args_is_help=True, help="Make a reference sample by full simulation.")
app.add_typer(reference, name="reference")


@reference.callback()
def _reference() -> None:
    """Make a reference sample by full simulation of one of the ready experiments."""


Events = Annotated[int, typer.Option(min=1, help="How many events.")]
Output = Annotated[Path, typer.Option("--output", "-o", help="Parquet file to write; must not exist.")]
Seed = Annotated[int, typer.Option(min=0, help="Seed; the same seed gives the same bytes.")]
Run = Annotated[int, typer.Option(min=0, help="Run number of the events; samples used together need different ones.")]
Workers = Annotated[int | None, typer.Option(min=1, help="Processes (default: one a core).")]
Processes = Annotated[
    list[str] | None,
    typer.Option(
        "--process",
        help="Instead of the usual mixture: events of this process, minimum-bias, charm, beauty, gun, "
        "forward-gun (tracks in the acceptance, 40 % of them displaced) or electron-gun. Can be given several times.",
    ),
]
Decays = Annotated[
    list[str] | None,
    typer.Option(
        "--decay",
        help="Instead of the usual mixture: events of this decay, d0 (to K pi), jpsi (to two muons), jpsiee (to two "
        "electrons), ks (to two pions) or bjpsik (B+ to J/psi K+); only the daughters are transported. "
        "Can be given several times.",
    ),
]


@reference.command()
def spectrometer(
    events: Events,
    output: Output,
    seed: Seed = 0,
    run: Run = 1,
    workers: Workers = None,
    physics: Annotated[
        Literal["data-free", "FTFP_BERT"],
        typer.Option(help="Physics list; FTFP_BERT needs Geant4's data sets (G4*DATA variables)."),
    ] = "data-free",
    process: Processes = None,
    decay: Decays = None,
) -> None:
    """Generate with Pythia8 and a gun, transport with Geant4, digitise and reconstruct.

    Needs the extra: pip install "flashsim\\[geant4]". Stop it at any time: the same command goes on.
    """
    from flashsim.experiments.spectrometer.reference import make_reference

    with _resumable(output):
        make_reference(
            events,
            output,
            seed=seed,
            run=run,
            workers=workers,
            physics=physics,
            processes=process or (),
            decays=decay or (),
        )
    _say(output)


@reference.command()
def lhcb(
    events: Events,
    output: Output,
    seed: Seed = 0,
    run: Run = 1,
    workers: Workers = None,
    process: Processes = None,
    decay: Decays = None,
) -> None:
    """As the spectrometer, with RICH detectors, a calorimeter and muon stations, and what they say of each track.

    Needs the extra: pip install "flashsim\\[geant4]". Stop it at any time: the same command goes on.
    """
    from flashsim.experiments.lhcb.reference import make_reference

    with _resumable(output):
        make_reference(events, output, seed=seed, run=run, workers=workers, processes=process or (), decays=decay or ())
    _say(output)


@reference.command()
def jets(
    events: Events,
    output: Annotated[Path, typer.Option("--output", "-o", help="ROOT file to write; must not exist.")],
    seed: Seed = 0,
    run: Run = 1,
    workers: Workers = None,
    process: Annotated[
        list[str] | None,
        typer.Option(
            help="Instead of the usual mixture: events of this process, ttbar, dijets or zjets. Can be given several "
            "times."
        ),
    ] = None,
) -> None:
    """Events like CMS NanoAOD, in bulk: Pythia8 with pile-up, smeared particles, jets by fastjet.

    Needs the extra: pip install "flashsim\\[jets]". Stop it at any time: the same command goes on.
    """
    from flashsim.experiments.cms_nanoaod.reference import make_jets

    with _resumable(output):
        make_jets(events, output, seed=seed, run=run, workers=workers, processes=process or ())
    _say(output)


@reference.command()
def vertices(
    tracks: Annotated[Path, typer.Argument(help="A sample of the spectrometer, whose tracks are used.")],
    output: Output,
    rounds: Annotated[int, typer.Option(min=1, help="How often each event is used, each time among others.")] = 1,
    seed: Seed = 0,
) -> None:
    """Put events of the spectrometer together to bunch crossings, and find and fit their vertices."""
    from flashsim.experiments.vertices.reference import make_vertices

    with interruptible("nothing is kept"):
        make_vertices(tracks, output, rounds=rounds, seed=seed)
    _say(output)


def _resumable(output: Path) -> AbstractContextManager[None]:
    return interruptible(f"finished chunks are kept in {output}.part; the same command goes on from there")


def _say(output: Path) -> None:
    console.print(f"Reference sample [bold]{output}[/] ({output.stat().st_size / 1e6:.1f} MB)", highlight=False)
