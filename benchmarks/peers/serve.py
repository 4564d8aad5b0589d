"""The side of a child process: named tasks, measured one at a time when asked. Standard library only."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator

Task = Callable[[float], tuple[int, float]]
"""From the seconds to measure for (at least) to the rows done and the seconds that they took."""


def serve(versions: dict[str, str], tasks: dict[str, Task]) -> None:
    """Answer each line ``{"task": ..., "seconds": ...}`` of the input by ``{"rows": ..., "seconds": ...}``.

    The first line of the output holds versions and tasks. Whatever else the package prints goes to the errors.
    """
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    print(json.dumps({"versions": versions, "tasks": list(tasks)}), file=answers, flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        rows, seconds = tasks[request["task"]](request["seconds"])
        print(json.dumps({"rows": rows, "seconds": seconds}), file=answers, flush=True)


def repeated(call: Callable[[], object], rows: int) -> Task:
    """A task that makes the same call, worth so many rows, until the time is over."""

    def measure(seconds: float) -> tuple[int, float]:
        calls, start = 0, time.perf_counter()
        while True:
            call()
            calls, elapsed = calls + 1, time.perf_counter() - start
            if elapsed >= seconds:
                return calls * rows, elapsed

    return measure


def pieces(rows: int, size: int) -> Iterator[slice]:
    """The rows in pieces of one size."""
    return (slice(start, start + size) for start in range(0, rows, size))
