"""Samples in blocks: cutting what is in memory, and keeping a bounded part of what is not.

A block is a `StageView` of some whole events of both samples. What is kept are the events whose hash is smallest,
so that the part does not depend on the order of the blocks and has the same events of both samples.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from jaxtyping import Int64

from flashsim.random import hashed
from flashsim.validation.views.table import Table, concatenated
from flashsim.validation.views.view import StageView

ROWS_AT_ONCE = 250_000


def in_blocks(view: StageView, rows: int = ROWS_AT_ONCE) -> Iterator[StageView]:
    """The view in pieces of about `rows` rows, where events stand in ascending order; else the view itself.

    What comes from files is in blocks already.
    """
    tables = (view.reference, view.candidate)
    events = [table.event for table in tables]
    if any(table.occurrences is not None for table in tables) or max(map(len, events)) <= rows:
        yield view
        return
    if any(len(event) and (np.diff(event) < 0).any() for event in events):
        yield view
        return
    larger = max(events, key=len)
    limits = np.unique(larger[np.arange(rows, len(larger), rows)])
    cuts = [[0, *np.searchsorted(event, limits, side="left").tolist(), len(event)] for event in events]
    for k in range(len(limits) + 1):
        slices = [np.arange(cut[k], cut[k + 1]) for cut in cuts]
        yield _part(view, slices[0], slices[1])


class KeptSample:
    """Whole events of a stream of blocks, at most `rows` rows of each sample."""

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self.threshold = 2.0**64
        self.parts: list[StageView] = []

    def add(self, block: StageView) -> None:
        """Look at a block; if there are too many rows, keep fewer events of all blocks."""
        self.parts.append(_below(block, self.threshold))
        while self._most() > self.rows and self.threshold > 1:
            self.threshold *= 0.98 * self.rows / self._most() if self._most() < 4 * self.rows else 0.25
            self.parts = [_below(part, self.threshold) for part in self.parts]

    def view(self) -> StageView:
        """What was kept, as one view."""
        whole = joined(self.parts)
        self.parts = [whole]
        return whole

    def _most(self) -> int:
        return max(sum(len(part.reference) for part in self.parts), sum(len(part.candidate) for part in self.parts))


def joined(parts: list[StageView]) -> StageView:
    """Several blocks of one stage as one view."""
    if len(parts) == 1:
        return parts[0]
    probability = None
    if parts[0].probability is not None:
        probability = np.concatenate([part.probability for part in parts if part.probability is not None])
    return replace(
        parts[0],
        classes=sorted({value for part in parts for value in part.classes}),
        reference=concatenated([part.reference for part in parts]),
        candidate=concatenated([part.candidate for part in parts]),
        probability=probability,
    )


def _below(view: StageView, threshold: float) -> StageView:
    if threshold >= 2.0**64:
        return view
    kept = [np.flatnonzero(hashed(table.event, salt=1) < threshold) for table in (view.reference, view.candidate)]
    part = _part(view, kept[0], kept[1])
    return replace(part, reference=_known(part.reference, threshold), candidate=_known(part.candidate, threshold))


def _known(table: Table, threshold: float) -> Table:
    """The table with only those of its events that are kept."""
    found = table.occurrences
    if found is None:
        return table
    return replace(table, occurrences=found.only(hashed(found.event, salt=1) < threshold))


def _part(view: StageView, reference: Int64[np.ndarray, " n"], candidate: Int64[np.ndarray, " m"]) -> StageView:
    return replace(
        view,
        reference=view.reference.keep(reference),
        candidate=view.candidate.keep(candidate),
        probability=None if view.probability is None else view.probability[reference],
    )
