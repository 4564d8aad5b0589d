"""Chunks of events on worker processes: each is made whole, kept as one file, and never made twice."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Generator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from flashsim.errors import FlashSimError
from flashsim.experiments.spectrometer.decays import generate_decays, with_mothers
from flashsim.experiments.spectrometer.geant4_library import Physics
from flashsim.experiments.spectrometer.generators import generate
from flashsim.experiments.spectrometer.reconstruction import reconstruct
from flashsim.experiments.spectrometer.sample_file import write_sample
from flashsim.experiments.spectrometer.transport import silence, transport_here

EVENTS_PER_CHUNK = 200
RUN = 1


@dataclass(frozen=True)
class Chunk:
    """Some consecutive events of a production, and the file that they become."""

    index: int
    first_event: int
    events: int
    seed: int
    physics: Physics
    decays: tuple[str, ...]
    path: Path


def plan_chunks(events: int, seed: int, physics: Physics, folder: Path, decays: tuple[str, ...] = ()) -> list[Chunk]:
    """Cut a production into chunks; the cut depends on nothing but the number of events."""
    return [
        Chunk(index, first, min(EVENTS_PER_CHUNK, events - first), seed, physics, decays, folder / _file_name(index))
        for index, first in enumerate(range(0, events, EVENTS_PER_CHUNK))
    ]


def make_chunk(chunk: Chunk) -> int:
    """Generate, transport and reconstruct; returns the number of particles transported."""
    words = np.random.SeedSequence([chunk.seed, chunk.index]).generate_state(3)
    generator, transporter, digitiser = (int(word) for word in words)
    decays = generate_decays(chunk.decays, chunk.first_event, chunk.events, generator) if chunk.decays else None
    primaries = generate(chunk.first_event, chunk.events, generator) if decays is None else decays.daughters
    hits = transport_here(primaries, transporter, chunk.physics)
    columns = reconstruct(hits, primaries, digitiser)
    if decays is not None:
        columns = with_mothers(columns, decays)
    columns["run"] = np.full(len(columns["event"]), RUN, np.int32)
    write_sample(chunk.path, pa.table(columns), {"chunk": chunk.index}, level=1)
    return len(primaries)


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
