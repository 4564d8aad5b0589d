"""Simulate events by a release: from files to a file."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from flashsim.api.releases import trusted
from flashsim.errors import FlashSimError
from flashsim.events import expand
from flashsim.release import Detector, EventDetector, is_event_release, load, load_event
from flashsim.simulation import Counts, Request, first_events, produce, produce_events
from flashsim.training import generated_batches

CHUNK_EVENTS = 1000
CHUNK_WHOLE_EVENTS = 8192


def simulate(
    release: Detector | EventDetector | str | Path,
    events: str | Path | Sequence[str | Path],
    output: str | Path,
    *,
    seed: int = 0,
    oversample: int = 1,
    workers: int | None = None,
    chunk_events: int | None = None,
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
    A release of collections simulates whole events: it reads NanoAOD (a TTree) and writes NanoAOD (.root).
    The same release, seed and events give the same bytes, whatever `workers` (threads; by default one more
    than cores) and `chunk_events` (by default 1,000, of whole events 8,192) are. A run that was stopped goes on where
    it was when it is called again; until then its finished blocks are in ``<output>.unfinished``.
    """
    if isinstance(release, str | Path):
        release = load_event(release) if is_event_release(release) else load(release)
    detector = _ready(release, member, run_libraries=run_libraries)
    files = expand(events)
    identity = [{"file": file.name, "bytes": (s := file.stat()).st_size, "changed": s.st_mtime_ns} for file in files]
    request = Request(seed, oversample, first, identity, member)
    output = Path(output)
    if isinstance(detector, EventDetector):
        if format == "rntuple":
            raise FlashSimError(f"{output}: whole events are written as a TTree; leave the format out")
        chunk = chunk_events or CHUNK_WHOLE_EVENTS
        return produce_events(detector, files, output, request, workers=workers, chunk_events=chunk, report=report)
    batches = generated_batches(detector.card, files, chunk_events=chunk_events or CHUNK_EVENTS)
    if first is not None:
        batches = first_events(batches, first)
    return produce(detector, batches, output, request, workers=workers, format=format, report=report)


def _ready(detector: Detector | EventDetector, member: int | None, *, run_libraries: bool) -> Detector | EventDetector:
    """The detector, or those of all collections, if they may run; of ensembles with one member, if one is asked."""
    if isinstance(detector, Detector):
        detector = trusted(detector, run_libraries=run_libraries)
        return detector if member is None else detector.with_member(member)
    detectors = {name: trusted(one, run_libraries=run_libraries) for name, one in detector.detectors.items()}
    if member is not None:
        if all(one.members == 1 for one in detectors.values()):
            raise FlashSimError(f"member {member}: no collection of this release is an ensemble")
        detectors = {name: one.with_member(member) if one.members > 1 else one for name, one in detectors.items()}
    return replace(detector, detectors=detectors)
