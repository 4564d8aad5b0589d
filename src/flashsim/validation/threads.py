"""The same work on several things at once, in threads: what is heavy runs in NumPy, outside Python's lock."""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

MOST = 8
"""Each needs memory of its own."""

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_threads(work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """The results, in the order of the items."""
    with ThreadPoolExecutor(max_workers=min(MOST, len(os.sched_getaffinity(0)))) as pool:
        return list(pool.map(work, items))
