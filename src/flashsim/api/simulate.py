"""Simulate events by a release: from files to a file."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from flashsim.api.releases import trusted
from flashsim.events import expand
from flashsim.release import Detector
from flashsim.simulation import Counts, Request, first_events, produce
from flashsim.training import generated_batches


def simulate(
    release: Detector | str | Path,
    events: str | Path | Sequence[str | Path],
    output: str | Path,
    *,
    seed: int = 0,
    oversample: int = 1,
    workers: int | None = None,
    chunk_events: int = 1000,
    first: int | None = None,
    member: int | None = None,
    run_libraries: bool = False,
    format: Literal["ttree", "rntuple"] | None = None,
    report: Callable[[Counts], None] | None = None,
) -> Counts:
    """Simulate the events of files (ROOT, Parquet, HepMC) and write ``output`` (.parquet, .root, .sqlite).

    Each event is simulated `oversample` times; `first` takes so many events from the start only.
    Where the release has ensembles each event is simulated by one of their members, drawn from the seed and the event;
    `member` (from 0) simulates all events by one, with the same random numbers otherwise. The column ``member``
    says which it was. Compiled libraries in a release run only with `run_libraries`: they may do anything.
    The same release, seed and events give the same bytes, whatever `workers` (threads; by default one more
    than cores) and `chunk_events` are. A run that was stopped goes on where it was when it is called again;
    until then its finished blocks are in ``<output>.unfinished``.
    """
    detector = trusted(release, run_libraries=run_libraries)
    if member is not None:
        detector = detector.with_member(member)
    card = detector.card
    files = expand(events)
    identity = [{"file": file.name, "bytes": (s := file.stat()).st_size, "changed": s.st_mtime_ns} for file in files]
    batches = generated_batches(card, files, chunk_events=chunk_events)
    if first is not None:
        batches = first_events(batches, first)
    request = Request(seed, oversample, first, identity)
    return produce(detector, batches, Path(output), request, workers=workers, format=format, report=report)
