"""A production: chunks that are missing are made, and the finished ones become one file."""

import contextlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from flashsim.errors import FlashSimError
from flashsim.experiments.production.chunks import Chunk, Recipe, make_chunks, plan_chunks
from flashsim.experiments.production.sample_file import write_sample

Write = Callable[[Path, Iterator[pa.Table], dict[str, Any]], None]
"""Makes the file of the tables of the chunks, in order, and of where they come from."""


def write_parquet(path: Path, tables: Iterator[pa.Table], provenance: dict[str, Any]) -> None:
    """One Parquet file of all tables."""
    write_sample(path, pa.concat_tables(tables), provenance)


def produce(
    recipe: Recipe,
    events: int,
    output: str | Path,
    *,
    seed: int = 0,
    run: int = 1,
    workers: int | None = None,
    progress: bool = True,
    write: Write = write_parquet,
) -> Path:
    """Make so many events by a recipe; the bytes do not depend on the number of workers.

    Finished chunks wait in ``<output>.part``; the same call goes on from there after any interruption. Raises
    FlashSimError for numbers that make no sense, an output that exists, and chunks of another production.
    """
    output = Path(output)
    _check(events, seed, run, workers, output)
    recipe.check()
    folder = output.with_name(output.name + ".part")
    numbers = {"events": events, "events_per_chunk": recipe.events_per_chunk, "seed": seed, "run": run}
    provenance = numbers | recipe.describe()
    _claim(folder, provenance)
    chunks = plan_chunks(events, seed, run, recipe, folder)
    missing = [chunk for chunk in chunks if not chunk.path.exists()]
    processes = min(workers or os.cpu_count() or 1, max(len(missing), 1))
    _make(chunks, missing, processes, folder, str(provenance["experiment"]) if progress else None)
    write(output, (_read(chunk.path) for chunk in chunks), provenance)
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


def _make(chunks: list[Chunk], missing: list[Chunk], workers: int, folder: Path, title: str | None) -> None:
    """`title` stands beside the progress bar; without one nothing is shown."""
    columns = (
        TextColumn("[progress.description]{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("events · {task.fields[rate]:,.0f} particles/s"),
        TimeRemainingColumn(),
    )
    done = sum(chunk.events for chunk in chunks) - sum(chunk.events for chunk in missing)
    with Progress(*columns, disable=title is None) as bar:
        task = bar.add_task(title or "", total=sum(chunk.events for chunk in chunks), completed=done, rate=0.0)
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
