"""Quantities of whole events: how many objects, how many of a class, and sums of outputs."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float

from flashsim.validation.coding.scales import Scale, scale_of
from flashsim.validation.ledger import Ledger
from flashsim.validation.metrics import EventQuantity, Measured, number
from flashsim.validation.statistics import GROUPS, GroupSums, Resampling, group_of, spread
from flashsim.validation.threads import in_threads
from flashsim.validation.variables.contents import Contents, distances
from flashsim.validation.views import Occurrences, StageView, Table

OBJECTS = "objects in an event"
SHOWN_BINS = 40
RANKS, EXTREMES = 160, 16  # there are fewer events than objects, and as many sums as variables
LARGEST_CLASSES = 8


class EventSums:
    """The contents of every quantity of whole events, for both samples.

    An event without objects counts with 0 where tables know of it (`Table.occurrences`), and the copies of an event
    that was simulated several times count as events of the same group. Where tables do not, every event must stand in
    one block; of samples from the same events, those without an object in one count there with 0.
    """

    def __init__(self, first: StageView) -> None:
        self.first = first
        quantities = [dict(_quantities(first, table, events)) for table, events in _events(first)]
        self.scales: dict[str, Scale] = {
            name: _scale(values, quantities[1][name]) for name, values in quantities[0].items()
        }
        self.contents = {name: (Contents(scale), Contents(scale)) for name, scale in self.scales.items()}
        self.weight = np.zeros((2, GROUPS))
        self.squares = np.zeros((2, GROUPS))

    def add(self, block: StageView) -> None:
        """Count the events of a block."""
        for k, (table, events) in enumerate(_events(block)):
            group, weight = group_of(events.event), _weights(table, events)
            self.weight[k] += np.bincount(group, weight, GROUPS)
            self.squares[k] += np.bincount(group, weight**2, GROUPS)
            for name, values in _quantities(self.first, table, events):
                contents = self.contents[name][k]
                size = len(contents.scale.grid)
                cell = group * size + contents.scale.code(values)
                contents.filled += np.bincount(cell, weight, GROUPS * size).reshape(GROUPS, size)


def per_event(sums: EventSums, drawn: Resampling, ledger: Ledger) -> list[EventQuantity]:
    """Mean, width and distances of every quantity, and their tests."""
    empty = np.zeros((GROUPS, 0))
    sizes = GroupSums(empty, sums.weight[0], sums.squares[0]), GroupSums(empty, sums.weight[1], sums.squares[1])
    own = {name: Ledger(ledger.stage) for name in sums.contents}
    found = in_threads(lambda name: _measure(name, sums.contents[name], sums, sizes, drawn, own[name]), sums.contents)
    ledger.take(own.values())
    return found


def _measure(
    name: str,
    contents: tuple[Contents, Contents],
    sums: EventSums,
    sizes: tuple[GroupSums, GroupSums],
    drawn: Resampling,
    ledger: Ledger,
) -> EventQuantity:
    found = distances(contents, sizes, drawn, ledger, name)
    moments, shown = [], []
    edges = _edges(contents[0].scale)
    bins = np.clip(np.searchsorted(edges, contents[0].scale.grid, side="left") - 1, 0, len(edges) - 2)
    to_bins = (bins[:, None] == np.arange(len(edges) - 1)).astype(np.float64)
    for side in contents:
        whole, error = spread(side.mean_and_deviation, drawn)
        moments += [Measured(number(value), number(width)) for value, width in zip(whole, error, strict=True)]
        binned = side.filled @ to_bins

        def shares(
            chosen: Float[np.ndarray, "n groups"], binned: Float[np.ndarray, "groups bins"] = binned
        ) -> Float[np.ndarray, "n bins"]:
            filled = chosen @ binned
            return filled / filled.sum(axis=1, keepdims=True)

        whole, error = spread(shares, drawn)
        shown.append([Measured(number(value), number(width)) for value, width in zip(whole, error, strict=True)])
    unit = sums.first.unit(name.removeprefix(SUM)) if name.startswith(SUM) else ""
    return EventQuantity(
        name,
        unit,
        moments[0],
        moments[2],
        moments[1],
        moments[3],
        found["kolmogorov_smirnov"],
        found["wasserstein"],
        edges.tolist(),
        *shown,
    )


SUM = "sum of "


def _quantities(
    view: StageView, table: Table, events: Occurrences
) -> Iterator[tuple[str, Float[np.ndarray, " events"]]]:
    """Every quantity of the given events."""
    index, size = events.of_row, len(events.event)
    yield OBJECTS, np.bincount(index, minlength=size).astype(np.float64)
    for name in view.outputs:
        values = np.asarray(table.columns[name], np.float64)
        if view.kind == "response":
            yield f"{SUM}{name}", np.bincount(index, values, size)
            continue
        for value in view.classes[:LARGEST_CLASSES]:
            title = f"{view.label_of_class(value)} in an event" if value in view.class_labels else f"{name} = {value}"
            yield title, np.bincount(index, values == value, size)


def _events(view: StageView) -> list[tuple[Table, Occurrences]]:
    """Both tables with the events to count; where these are not known, all of both if most are the same."""
    tables = (view.reference, view.candidate)
    known = [table.occurrences for table in tables]
    own = [np.unique(table.event) for table in tables]
    union = np.union1d(own[0], own[1])
    common = len(own[0]) + len(own[1]) - len(union)
    if 2 * common > min(len(own[0]), len(own[1])):
        own = [union, union]
    return [
        (table, found or Occurrences(events, np.searchsorted(events, table.event)))
        for table, found, events in zip(tables, known, own, strict=True)
    ]


def _scale(reference: Float[np.ndarray, " n"], candidate: Float[np.ndarray, " m"]) -> Scale:
    """The scale of a quantity; 0 has its place, as events without objects may come later."""
    with_none = np.append(candidate, 0.0)
    return scale_of(reference, with_none, np.ones(len(reference)), ranks=RANKS, extremes=EXTREMES)


def _weights(table: Table, events: Occurrences) -> Float[np.ndarray, " events"]:
    """The mean weight of an event's objects; that of all objects where an event has none."""
    size = len(events.event)
    if table.weight is None or len(table) == 0:
        return np.ones(size)
    number_of, total = np.bincount(events.of_row, minlength=size), np.bincount(events.of_row, table.weights, size)
    return np.where(number_of > 0, total / np.maximum(number_of, 1), table.weights.mean())


def _edges(scale: Scale) -> Float[np.ndarray, " edges"]:
    """Edges of the histogram that is shown: the values where these are few, else 40 bins of the central range."""
    if len(scale.grid) <= SHOWN_BINS:
        middle = (scale.grid[1:] + scale.grid[:-1]) / 2
        return np.concatenate([[scale.grid[0] - 0.5], middle, [scale.grid[-1] + 0.5]])
    low, high = np.interp([0.005, 0.995], scale.ranks, scale.grid)
    return np.linspace(low, high if high > low else low + 1.0, SHOWN_BINS + 1)
