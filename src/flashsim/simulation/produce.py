"""From a stream of events to a file: resumable, in bounded memory, the same bytes every time."""

from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import numpy as np

from flashsim.errors import FlashSimError
from flashsim.events import EventBatch, OutputBatch, OutputSchema, Writer, open_writer, output_format
from flashsim.files import refuse_existing
from flashsim.release import Detector
from flashsim.simulation.blocks import BLOCK, Block, blocks
from flashsim.simulation.collections import output_metadata, to_output
from flashsim.simulation.detector import SimulatedBlock, simulate_block
from flashsim.simulation.run import in_order
from flashsim.simulation.unfinished import Counts, Unfinished

Report = Callable[[Counts], None]


@dataclass(frozen=True)
class Request:
    """What to simulate: the seed, how many copies of each event, how many events (all for None), and what
    identifies the input.
    """

    seed: int
    copies: int
    first: int | None
    events: list[dict[str, Any]]


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
    record = {
        "release": detector.hash,
        "member": detector.member,
        "seed": request.seed,
        "copies": request.copies,
        "first": request.first,
    }
    made_by = {"flashsim": version("flashsim")}
    unfinished = Unfinished(output, record | made_by | {"block": BLOCK, "events": request.events})
    metadata = (
        record
        | made_by
        | {
            "card": detector.card.name,
        }
        | output_metadata(detector.card)
    )

    def work(block: Block) -> tuple[OutputBatch, Counts]:
        finished = unfinished.load(block.number)
        if finished is None:
            simulated = simulate_block(detector, block, request.seed)
            finished = to_output(detector, simulated), _counts(detector, simulated)
            unfinished.save(block.number, *finished)
        return finished

    total, writer = Counts(), None
    try:
        # Closed before anything is tidied up: no worker finishes a block after that.
        with closing(in_order(work, blocks(batches, request.copies), workers=workers)) as finished_blocks:
            for batch, counts in finished_blocks:
                if writer is None:
                    writer = open_writer(output, OutputSchema.of(batch), metadata, format=format)
                writer.write(batch)
                total = total + counts
                if report is not None:
                    report(total)
        if writer is None:
            raise FlashSimError(f"{output}: not written: the input holds no events")
        writer.close()
    except BaseException as error:
        _give_up(writer, unfinished, error)
        raise
    unfinished.remove()
    return total


def _give_up(writer: Writer | None, unfinished: Unfinished, error: BaseException) -> None:
    """Leave no half file; keep the finished blocks of a run that was stopped.

    Nothing is kept when there is none, or after an error: bad input makes another request once it is
    mended, and a full disk needs the space.
    """
    if writer is not None:
        writer.abort()
    if isinstance(error, FlashSimError) or not any(unfinished.folder.glob("block-*.safetensors")):
        unfinished.remove()


def _counts(detector: Detector, simulated: SimulatedBlock) -> Counts:
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
