"""Every event once: a running check that no (run, event) comes twice."""

import numpy as np
from jaxtyping import Int64

from flashsim.errors import FlashSimError

from .batch import EventBatch

_RANDOM = (
    "random numbers are drawn from run and event, so that each must come once (in a flat file, its rows one after the "
    "other): sort the rows by event, or give events of different files different run numbers"
)


class UniqueEvents:
    """Remembers which events were seen, as ranges of consecutive numbers of a run.

    Numbers that follow one another cost nothing; numbers in random order cost 24 bytes an event. New ranges
    are gathered and merged into the remembered ones when they are as many: a repetition is found at the
    latest at `finish`. `why` ends the error that it makes: why each must come once, and how to mend it.
    """

    def __init__(self, why: str = _RANDOM) -> None:
        self._why = why
        self._known = np.zeros((0, 3), dtype=np.int64)  # run, first event, last event; sorted, disjoint
        self._new: list[np.ndarray] = []
        self._n_new = 0

    def add(self, batch: EventBatch, where: str) -> None:
        """Note the events of a batch; raises if one is known already. `where` is said in the error."""
        if batch.n_events == 0:
            return
        ranges = np.stack([batch.run, batch.event, batch.event], axis=1)
        self._new.append(_merged([ranges], where, self._why))
        self._n_new += len(self._new[-1])
        if self._n_new >= max(1024, len(self._known)):
            self.finish(where)

    def finish(self, where: str) -> None:
        """Check what has been gathered since the last check."""
        if self._new:
            self._known = _merged([self._known, *self._new], where, self._why)
            self._new, self._n_new = [], 0


def _merged(parts: list[Int64[np.ndarray, "_ 3"]], where: str, why: str) -> Int64[np.ndarray, "_ 3"]:
    ranges = np.concatenate(parts)
    ranges = ranges[np.lexsort((ranges[:, 1], ranges[:, 0]))]
    run, first, last = ranges.T
    same_run = run[1:] == run[:-1]
    again = np.flatnonzero(same_run & (first[1:] <= last[:-1]))
    if len(again):
        raise FlashSimError(f"{where}: run {run[again[0]]} event {first[again[0] + 1]} comes at two places; {why}")
    starts = np.concatenate([[True], ~(same_run & (first[1:] == last[:-1] + 1))])
    ends = np.append(starts[1:], True)
    return np.stack([run[starts], first[starts], last[ends]], axis=1)
