"""flashsim export: a release for programs without Python."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from flashsim.cli.app import app, console, interruptible


@app.command()
def export(
    release: Annotated[Path, typer.Argument(help="The release to export.")],
    format: Annotated[Literal["onnx", "stablehlo", "c"], typer.Option(help="What to write.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write; must not exist.")],
    member: Annotated[int, typer.Option(min=0, help="The member that is written, where there are ensembles.")] = 0,
) -> None:
    """Write each stage of RELEASE and the whole detector for programs without Python.

    Conditions in physical units and noise go in, outputs in physical units come out; description.json says which.
    """
    from flashsim.api import export as export_release
    from flashsim.cli.progress import steps_progress

    with interruptible("nothing was written"), steps_progress("Exporting") as show:
        files = export_release(release, output, format=format, member=member, progress=show)
    console.print(f"{len(files)} files and description.json in [bold]{output}[/]", highlight=False, soft_wrap=True)
