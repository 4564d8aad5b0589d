"""Objects of another list that belong to none of the card's: rows behind those of their event."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from jaxtyping import Int64

from .batch import EventBatch
from .relations import Lists, Numbers, Partners, Relation
from .source import LEFT_OVER, ColumnSource, to_internal


def asks_for_rows(found: Mapping[str, ColumnSource]) -> Relation | None:
    """The rule whose left-over objects are asked for, by a column `LEFT_OVER`."""
    return next((source.relation for source in found.values() if source.name == LEFT_OVER), None)


def with_left_over(
    batch: EventBatch,
    rule: Relation,
    partners: Partners,
    lists: Mapping[str, Lists],
    numbers: Numbers,
    wanted: Mapping[str, ColumnSource],
    path: Path,
    row: int,
) -> EventBatch:
    """The events with a row more for each of the others that belongs to no object of the batch.

    Such a row has their columns, the numbers of its event, and 0 or the default in the place of everything else.
    """
    theirs = np.flatnonzero(~partners.belongs)
    offsets = lists[rule.others[0]].offsets
    event: Int64[np.ndarray, " rows"] = np.searchsorted(offsets, theirs, side="right") - 1
    order = np.argsort(np.concatenate([batch.event_index, event]), kind="stable")
    columns = {}
    for name, values in batch.columns.items():
        source = wanted[name]
        if source.name == LEFT_OVER:
            added = np.ones(len(theirs), dtype=bool)
        elif source.relation == rule and source.name in lists:
            added = to_internal(lists[source.name].values, source, path, row, offsets)[theirs]
        elif source.relation is None and source.name in numbers:
            added = to_internal(numbers[source.name], source, path, row)[event]
        else:
            added = np.full(len(theirs), source.default or 0).astype(values.dtype)
        columns[name] = np.concatenate([values, added])[order]
    counts = batch.counts + np.bincount(event, minlength=batch.n_events)
    return EventBatch(batch.run, batch.event, np.append(0, np.cumsum(counts)).astype(np.int64), columns)
