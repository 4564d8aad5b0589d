"""The side of a child process: named tasks, measured one at a time when asked. Standard library only."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple


class Work(NamedTuple):
    """Rows done, the seconds that passed, and those that all cores together spent on them."""

    rows: int
    seconds: float
    core_seconds: float


Task = Callable[[float], Work]
"""From the seconds to measure for, at least, to what was done."""


class Stopwatch:
    """The time since it was made."""

    def __init__(self):
        self._start, self._spent = time.perf_counter(), time.process_time()

    @property
    def seconds(self) -> float:
        """By the clock on the wall."""
        return time.perf_counter() - self._start

    def done(self, rows: int) -> Work:
        """So many rows since the start."""
        return Work(rows, self.seconds, time.process_time() - self._spent)


def serve(versions: dict[str, str], tasks: dict[str, Task]) -> None:
    """Answer each line ``{"task": ..., "seconds": ...}`` of the input by the fields of its `Work`, as JSON too.

    The first line of the output holds versions and tasks. Whatever else the package prints goes to the errors.
    """
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    print(json.dumps({"versions": versions, "tasks": list(tasks)}), file=answers, flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        work = tasks[request["task"]](request["seconds"])
        print(json.dumps(work._asdict()), file=answers, flush=True)


def repeated(call: Callable[[], object], rows: int) -> Task:
    """A task that makes the same call, worth so many rows, until the time is over."""

    def measure(seconds: float) -> Work:
        calls, watch = 0, Stopwatch()
        while calls == 0 or watch.seconds < seconds:
            call()
            calls += 1
        return watch.done(calls * rows)

    return measure


def pieces(rows: int, size: int) -> Iterator[slice]:
    """The rows in pieces of one size."""
    return (slice(start, start + size) for start in range(0, rows, size))
