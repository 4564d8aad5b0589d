"""Simulate a stream of events: blocks in parallel, results in order, bounded memory."""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from itertools import islice
from typing import TypeVar

from flashsim.events import EventBatch
from flashsim.release import Detector
from flashsim.simulation.blocks import blocks
from flashsim.simulation.detector import SimulatedBlock, simulate_block

Item = TypeVar("Item")
Result = TypeVar("Result")


def simulate_blocks(
    detector: Detector, batches: Iterable[EventBatch], *, seed: int = 0, copies: int = 1, workers: int | None = None
) -> Iterator[SimulatedBlock]:
    """Every event of `batches`, `copies` times, in the order of the input.

    The same release, seed and events give the same bits, whatever the batches and the workers (threads; by default
    one a core and one more).
    """
    return in_order(lambda block: simulate_block(detector, block, seed), blocks(batches, copies), workers=workers)


def in_order(work: Callable[[Item], Result], items: Iterable[Item], *, workers: int | None) -> Generator[Result]:
    """Apply `work` in threads (compiled code runs outside Python's lock); yield results in order.

    One item more than workers is under way at most, and one is read ahead, so that reading, computing and writing
    overlap and memory stays flat: each has threads of its own, writing that of the caller. One worker more than cores
    by default: there is always one that waits for Python's lock.
    """
    workers = workers or len(os.sched_getaffinity(0)) + 1
    waiting: deque[Future[Result]] = deque()
    pool = ThreadPoolExecutor(workers)
    try:
        with closing(read_ahead(items)) as ahead:
            for item in ahead:
                waiting.append(pool.submit(work, item))
                if len(waiting) > workers:
                    yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()
        pool.shutdown(wait=True)


def read_ahead(items: Iterable[Item]) -> Generator[Item]:
    """The same items, each made in a thread while the one before it is used."""
    iterator = iter(items)
    with ThreadPoolExecutor(1) as reader:
        following = reader.submit(_one, iterator)
        while found := following.result():
            following = reader.submit(_one, iterator)
            yield from found


def _one(items: Iterator[Item]) -> list[Item]:
    """The next one, or none at the end."""
    return list(islice(items, 1))
