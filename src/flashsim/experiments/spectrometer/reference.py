"""The spectrometer's reference sample: generated, transported by Geant4, reconstructed, in one file."""

import contextlib
import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from flashsim.errors import FlashSimError
from flashsim.experiments.spectrometer.geant4_library import Physics
from flashsim.experiments.spectrometer.generators import MIXTURE
from flashsim.experiments.spectrometer.mixture import Mixture
from flashsim.experiments.spectrometer.production import Chunk, Recipe, make_chunks, plan_chunks
from flashsim.experiments.spectrometer.sample_file import write_sample


def make_reference(
    events: int,
    output: str | Path,
    *,
    seed: int = 0,
    workers: int | None = None,
    physics: Physics = "data-free",
    processes: Sequence[str] = (),
    decays: Sequence[str] = (),
    run: int = 1,
    progress: bool = True,
) -> Path:
    """Make a reference sample of so many events; the bytes do not depend on the number of workers.

    With `processes` (names of `generators.PROCESSES`) they are of these in equal parts, in place of the usual mixture.
    With `decays` (names of `decays.CHANNELS`) events hold the daughters of these decays and nothing else. Samples that
    are used together need different `run` numbers. Finished chunks wait in ``<output>.part``; the same call goes on
    from there after any interruption.
    """
    if processes and decays:
        raise FlashSimError("processes and decays: events are of either, not of both")
    shares = dict.fromkeys(processes, 1 / len(set(processes))) if processes else MIXTURE
    recipe = Mixture(physics, shares, tuple(decays))
    return produce(recipe, events, output, seed=seed, run=run, workers=workers, progress=progress)


def produce(
    recipe: Recipe,
    events: int,
    output: str | Path,
    *,
    seed: int = 0,
    run: int = 1,
    workers: int | None = None,
    progress: bool = True,
) -> Path:
    """Make so many events by a recipe, as `make_reference` does."""
    output = Path(output)
    _check(events, seed, run, workers, output)
    recipe.check()
    folder = output.with_name(output.name + ".part")
    numbers = {"events": events, "events_per_chunk": recipe.events_per_chunk, "seed": seed, "run": run}
    provenance = numbers | recipe.describe()
    _claim(folder, provenance)
    chunks = plan_chunks(events, seed, run, recipe, folder)
    missing = [chunk for chunk in chunks if not chunk.path.exists()]
    _make(chunks, missing, min(workers or os.cpu_count() or 1, max(len(missing), 1)), folder, progress)
    write_sample(output, pa.concat_tables([_read(chunk.path) for chunk in chunks]), provenance)
    shutil.rmtree(folder)
    return output


def _check(events: int, seed: int, run: int, workers: int | None, output: Path) -> None:
    if events < 1:
        raise FlashSimError(f"events = {events}: at least 1 is needed")
    for name, number in (("seed", seed), ("run", run)):
        if number < 0:
            raise FlashSimError(f"{name} = {number}: a number from 0 on is needed")
    if workers is not None and workers < 1:
        raise FlashSimError(f"workers = {workers}: at least 1 is needed")
    if output.exists():
        raise FlashSimError(f"{output} exists: remove it, or give another output")
    if not output.parent.is_dir():
        raise FlashSimError(f"{output.parent} is not a folder: make it, or give another output")


def _read(path: Path) -> pa.Table:
    try:
        return pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise FlashSimError(f"{path} cannot be read ({error}): remove it, the same command makes it again") from error


def _claim(folder: Path, provenance: dict[str, Any]) -> None:
    """Make the folder of finished chunks, or check that it belongs to the same production."""
    request, text = folder / "request.json", json.dumps(provenance, sort_keys=True, indent=1)
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise FlashSimError(f"{folder}: cannot be made: {error.strerror}") from error
    if request.exists() and request.read_text() == text:
        return
    if request.exists() and any(folder.glob("chunk-*.parquet")):
        raise FlashSimError(
            f"{folder} holds chunks of another production (other events, seed, physics or versions): "
            "repeat that command, or remove the folder"
        )
    unfinished = request.with_suffix(".unfinished")
    unfinished.write_text(text)
    unfinished.replace(request)


def _make(chunks: list[Chunk], missing: list[Chunk], workers: int, folder: Path, progress: bool) -> None:
    columns = (
        TextColumn("[progress.description]{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("events · {task.fields[rate]:,.0f} particles/s"),
        TimeRemainingColumn(),
    )
    done = sum(chunk.events for chunk in chunks) - sum(chunk.events for chunk in missing)
    with Progress(*columns, disable=not progress) as bar:
        task = bar.add_task("Geant4", total=sum(chunk.events for chunk in chunks), completed=done, rate=0.0)
        particles = 0
        try:
            with contextlib.closing(make_chunks(missing, workers, folder)) as finished:
                for chunk, count in finished:
                    particles += count
                    elapsed = bar.tasks[0].elapsed or 1.0
                    bar.update(task, advance=chunk.events, rate=particles / elapsed)
        except KeyboardInterrupt:
            kept = sum(chunk.path.exists() for chunk in chunks)
            message = f"stopped; {kept} of {len(chunks)} chunks are kept in {folder}: the same command goes on"
            bar.console.print(message)
            raise KeyboardInterrupt(message) from None
