"""From a stream of events to a file: resumable, in bounded memory, the same bytes every time."""

from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import numpy as np

from flashsim.events import EventBatch, OutputBatch, OutputSchema, Writer, open_writer, output_format
from flashsim.files import refuse_existing
from flashsim.release import Detector
from flashsim.simulation.blocks import BLOCK, Block, blocks
from flashsim.simulation.collections import output_metadata, to_output
from flashsim.simulation.detector import SimulatedBlock, simulate_block
from flashsim.simulation.job import Job, Report, finish
from flashsim.simulation.unfinished import Counts


@dataclass(frozen=True)
class Request:
    """What to simulate: the seed, how many copies of each event, how many events (all for None), what identifies the
    input, and by which member of the ensembles (all for None).
    """

    seed: int
    copies: int
    first: int | None
    events: list[dict[str, Any]]
    member: int | None = None


def produce(
    detector: Detector,
    batches: Iterable[EventBatch],
    output: Path,
    request: Request,
    *,
    workers: int | None = None,
    format: Literal["ttree", "rntuple"] | None = None,
    report: Report | None = None,
) -> Counts:
    """Simulate every event and write the file `output`; return what it came to.

    Each finished block is kept beside the output until the file is whole, so that a run that was killed
    goes on where it stopped, and ends with the same bytes as one that was not.
    """
    refuse_existing(output)
    output_format(output, format)
    record = described(request) | {"release": detector.hash, "member": detector.member}
    metadata = record | {"card": detector.card.name} | output_metadata(detector.card)

    def simulate(block: Block) -> tuple[OutputBatch, Counts]:
        simulated = simulate_block(detector, block, request.seed).as_stored()
        return to_output(detector, simulated), counted(detector, simulated)

    def opened(first: OutputBatch) -> Writer:
        return open_writer(output, OutputSchema.of(first), metadata, format=format)

    job = Job(output, record | {"block": BLOCK, "events": request.events}, simulate, opened)
    return finish(job, blocks(batches, request.copies), workers=workers, report=report)


def described(request: Request) -> dict[str, Any]:
    """What a file says of the request that it answers, and of the program that made it."""
    return {
        "seed": request.seed,
        "copies": request.copies,
        "first": request.first,
        "member": request.member,
        "flashsim": version("flashsim"),
    }


def counted(detector: Detector, simulated: SimulatedBlock) -> Counts:
    """What a block came to."""
    block, copies = simulated.block, int(simulated.block.copy.max(initial=0)) + 1
    covered = np.logical_or.reduce(list(simulated.selected.values()))
    written, own = simulated.namespace.written(), simulated.namespace.of("generated")
    return Counts(
        events=block.events_read,
        objects=block.batch.n_objects // copies,
        simulated=int((covered & own).sum()),
        reconstructed=int(written.sum()),
        unmatched=int((written & ~own).sum()),
        filled=len(np.unique(simulated.batch.event_index[written])),
        given={name: int(rows.sum()) for name, rows in simulated.selected.items()},
        outside={name: int((rows & simulated.selected[name]).sum()) for name, rows in simulated.outside.items()},
    )
