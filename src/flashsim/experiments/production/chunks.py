"""Chunks of events on worker processes: each is made whole, kept as one file, and never made twice."""

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Generator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeAlias, runtime_checkable

import numpy as np
import pyarrow as pa

from flashsim.errors import FlashSimError
from flashsim.experiments.production.sample_file import write_sample

Columns: TypeAlias = dict[str, "np.ndarray | pa.Array"]
"""Columns of a sample by name: one value a row, or a list."""


@runtime_checkable
class Recipe(Protocol):
    """What is made: how events become rows of a sample. It is sent to worker processes."""

    events_per_chunk: ClassVar[int]
    """How many events are made at once; another number makes other events."""

    def check(self) -> None:
        """Raise FlashSimError where this recipe cannot be made."""
        ...

    def describe(self) -> dict[str, Any]:
        """What is made, for the metadata of the sample; two equal descriptions mean equal events."""
        ...

    def make(self, first_event: int, events: int, seeds: tuple[int, int, int]) -> tuple[Columns, int]:
        """Columns of consecutive events, ``event`` among them, and how many particles were followed.

        The seeds are for generation, transport and digitisation.
        """
        ...


@dataclass(frozen=True)
class Chunk:
    """Some consecutive events of a production, and the file that they become."""

    index: int
    first_event: int
    events: int
    seed: int
    run: int
    recipe: Recipe
    path: Path


def plan_chunks(events: int, seed: int, run: int, recipe: Recipe, folder: Path) -> list[Chunk]:
    """Cut a production into chunks; the cut depends on nothing but the number of events."""
    most = recipe.events_per_chunk
    return [
        Chunk(index, first, min(most, events - first), seed, run, recipe, folder / _file_name(index))
        for index, first in enumerate(range(0, events, most))
    ]


def make_chunk(chunk: Chunk) -> int:
    """Generate, transport and reconstruct; returns the number of particles followed."""
    first, second, third = np.random.SeedSequence([chunk.seed, chunk.index]).generate_state(3).tolist()
    columns, particles = chunk.recipe.make(chunk.first_event, chunk.events, (first, second, third))
    columns["run"] = np.full(len(columns["event"]), chunk.run, np.int32)
    write_sample(chunk.path, pa.table(columns), {"chunk": chunk.index}, level=1)
    return particles


def make_chunks(chunks: list[Chunk], workers: int, log_folder: Path) -> Generator[tuple[Chunk, int], None, None]:
    """Make chunks on workers, in any order; yields each with its number of particles as it is finished."""
    context = multiprocessing.get_context("spawn")  # Geant4 and JAX do not survive a fork
    before = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(workers, context, initializer=_start_worker, initargs=(log_folder,))
    futures = {pool.submit(make_chunk, chunk): chunk for chunk in chunks}
    try:
        for future in as_completed(futures):
            yield futures[future], future.result()
    except BrokenProcessPool as error:
        raise FlashSimError(
            f"a worker process died (see {log_folder}/worker-*.log); finished chunks are kept, "
            "the same command goes on from there"
        ) from error
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for process in set(multiprocessing.active_children()) - before:
            process.terminate()


def silence(log: Path | None) -> None:
    """Send what this process prints, C++ included, to a file; standard input becomes empty."""
    sys.stdout.flush()
    sys.stderr.flush()
    target = os.open(log or os.devnull, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for stream in (1, 2):
        os.dup2(target, stream)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)


def _file_name(index: int) -> str:
    return f"chunk-{index:06d}.parquet"


def _start_worker(log_folder: Path) -> None:
    """A worker is quiet, leaves Ctrl-C to its parent, and does not outlive it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    silence(log_folder / f"worker-{os.getpid()}.log")

    def follow_parent() -> None:
        parent = multiprocessing.parent_process()
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=follow_parent, daemon=True).start()
