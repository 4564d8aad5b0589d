"""From blocks of events to a file: resumable, in bounded memory, the same bytes every time."""

from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

from flashsim.errors import FlashSimError
from flashsim.events import OutputBatch, Writer
from flashsim.simulation.run import in_order
from flashsim.simulation.unfinished import Counts, Unfinished

Report = Callable[[Counts], None]


@runtime_checkable
class Numbered(Protocol):
    """A block of events, numbered in the order of the input."""

    @property
    def number(self) -> int:
        """Its place."""
        ...


Piece = TypeVar("Piece", bound=Numbered)


@dataclass(frozen=True)
class Job(Generic[Piece]):
    """A file that is to be made of blocks.

    `request` is all that its content follows from; `simulate` makes what is kept of a finished block until the file is
    whole, `complete` adds what can be had again from the input, and `open` starts the file at the first block.
    """

    output: Path
    request: dict[str, Any]
    simulate: Callable[[Piece], tuple[OutputBatch, Counts]]
    open: Callable[[OutputBatch], Writer]
    complete: Callable[[Piece, OutputBatch], OutputBatch] = lambda _, drawn: drawn


def finish(job: Job[Piece], blocks: Iterable[Piece], *, workers: int | None, report: Report | None) -> Counts:
    """Simulate every block and write the file; return what it came to.

    Each finished block is kept beside the output until the file is whole, so that a run that was killed
    goes on where it stopped, and ends with the same bytes as one that was not.
    """
    unfinished = Unfinished(job.output, job.request)

    def work(block: Piece) -> tuple[OutputBatch, Counts]:
        finished = unfinished.load(block.number)
        if finished is None:
            finished = job.simulate(block)
            unfinished.save(block.number, *finished)
        drawn, counts = finished
        return job.complete(block, drawn), counts

    total, writer = Counts(), None
    try:
        # Closed before anything is tidied up: no worker finishes a block after that.
        with closing(in_order(work, blocks, workers=workers)) as finished_blocks:
            for batch, counts in finished_blocks:
                if writer is None:
                    writer = job.open(batch)
                writer.write(batch)
                total = total + counts
                if report is not None:
                    report(total)
        if writer is None:
            raise FlashSimError(f"{job.output}: not written: the input holds no events")
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
