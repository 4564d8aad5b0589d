"""The spectrometer's reference sample: generated, transported by Geant4, reconstructed, in one file."""

import contextlib
import importlib.metadata
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
from flashsim.experiments.spectrometer import decays as decay_channels
from flashsim.experiments.spectrometer import generators, rounding
from flashsim.experiments.spectrometer.geant4_library import Physics, require_generators
from flashsim.experiments.spectrometer.geometry import geometry_hash
from flashsim.experiments.spectrometer.physics import LIMITS, RANGE_CUT
from flashsim.experiments.spectrometer.production import EVENTS_PER_CHUNK, Chunk, make_chunks, plan_chunks
from flashsim.experiments.spectrometer.sample_file import write_sample

GEANT4_VERSION = "11.4.p01"  # what the pinned wheel contains
PHYSICS_LISTS = {"data-free": f"data-free list of flashsim: {LIMITS}", "FTFP_BERT": "FTFP_BERT"}


def make_reference(
    events: int,
    output: str | Path,
    *,
    seed: int = 0,
    workers: int | None = None,
    physics: Physics = "data-free",
    decays: Sequence[str] = (),
    progress: bool = True,
) -> Path:
    """Make a reference sample of so many events; the bytes do not depend on the number of workers.

    With `decays` (names of `decays.CHANNELS`) events hold the daughters of these decays and nothing else.
    Finished chunks wait in ``<output>.part``; the same call goes on from there after any interruption.
    """
    output = Path(output)
    _check(events, seed, workers, output)
    decay_channels.check_channels(decays)
    require_generators(physics)
    folder = output.with_name(output.name + ".part")
    provenance = describe(events, seed, physics, decays)
    _claim(folder, provenance)
    chunks = plan_chunks(events, seed, physics, folder, tuple(decays))
    missing = [chunk for chunk in chunks if not chunk.path.exists()]
    _make(chunks, missing, min(workers or os.cpu_count() or 1, max(len(missing), 1)), folder, progress)
    write_sample(output, pa.concat_tables([_read(chunk.path) for chunk in chunks]), provenance)
    shutil.rmtree(folder)
    return output


def describe(events: int, seed: int, physics: Physics, decays: Sequence[str] = ()) -> dict[str, Any]:
    """What a file says about its origin; two equal descriptions mean equal bytes."""
    return _generation(decays) | {
        "experiment": "spectrometer",
        "events": events,
        "events_per_chunk": EVENTS_PER_CHUNK,
        "seed": seed,
        "geant4": GEANT4_VERSION,
        "geant4_pybind": importlib.metadata.version("geant4-pybind"),
        "physics_list": PHYSICS_LISTS[physics],
        "range_cut_mm": RANGE_CUT,
        "geometry_sha256": geometry_hash(),
        "pythia": importlib.metadata.version("pythia8mc"),
        "rounding": {
            "px py pz": f"{generators.MOMENTUM_BITS} bits of mantissa, before transport",
            "vx vy vz": f"multiples of {generators.POSITION_STEP} mm, before transport",
            "steps": rounding.STEPS,
            "bits_of_mantissa": rounding.MANTISSA_BITS,
        },
        "limits": LIMITS if physics == "data-free" else "the field is By(z) only; vacuum between the planes",
    }


def _generation(decays: Sequence[str]) -> dict[str, Any]:
    """What is generated: the mixture of collisions and guns, or decays."""
    processes = {name: decay_channels.CHANNELS[name].settings for name in decays} or generators.PROCESS_SETTINGS
    settings = {name: [*generators.PYTHIA_SETTINGS, *lines] for name, lines in processes.items()}
    if not decays:
        return {"pythia_settings": settings, "event_shares": generators.COLLISION_SHARE}
    return {
        "pythia_settings": settings,
        "decays": list(decays),
        "decays_per_event": decay_channels.DECAYS_PER_EVENT,
        "daughters": {
            "momentum_above_GeV": decay_channels.MINIMUM_MOMENTUM,
            "eta": decay_channels.DAUGHTER_ETA,
            "decay_before_mm": decay_channels.LAST_DECAY,
        },
    }


def _check(events: int, seed: int, workers: int | None, output: Path) -> None:
    if events < 1:
        raise FlashSimError(f"events = {events}: at least 1 is needed")
    if seed < 0:
        raise FlashSimError(f"seed = {seed}: a number from 0 on is needed")
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


def _make(chunks: list[Chunk], missing: list[Chunk], workers: int, folder: Path, progress: bool) -> None:  # noqa: FBT001
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
