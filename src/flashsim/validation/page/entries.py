"""One variable of one sample as a histogram, with errors that count the copies of an event as one event."""

from dataclasses import dataclass

import hist
import numpy as np
from jaxtyping import Float, Int64, Shaped

from flashsim.histograms import fill_by_event
from flashsim.validation.views import Table

MOST_CELLS = 5_000_000

Filled = tuple[Float[np.ndarray, " bins"], Float[np.ndarray, " bins"]]
"""Contents and variances."""


@dataclass(frozen=True)
class Entries:
    """Values with their weights; `event` counts the events from 0 where they were simulated several times."""

    values: Float[np.ndarray, " n"]
    weights: Float[np.ndarray, " n"]
    event: Int64[np.ndarray, " n"] | None = None

    @staticmethod
    def of(table: Table, name: str) -> "Entries":
        """A column of a table."""
        values = np.asarray(table.columns[name], dtype=np.float64)
        if not table.has_copies:
            return Entries(values, table.weights)
        _, event = np.unique(table.event, return_inverse=True)
        return Entries(values, table.weights, event.astype(np.int64))

    @property
    def counted(self) -> bool:
        """Whether the variance of a content is the content itself."""
        return self.event is None and bool(np.all(self.weights == 1))

    def only(self, rows: Shaped[np.ndarray, " selected"]) -> "Entries":
        """Some of them."""
        return Entries(self.values[rows], self.weights[rows], None if self.event is None else self.event[rows])

    def filled(self, edges: Float[np.ndarray, " edges"], *, beyond: bool) -> Filled:
        """Contents and variances; what lies `beyond` the edges counts in the first and last bin, or not at all.

        The variance of a bin is the sum over events of the square of what the event has in it: copies of an event
        say nothing new of the generator.
        """
        inside = np.clip(self.values, edges[0], edges[-1]) if beyond else self.values
        if self.event is None:
            contents = np.histogram(inside, edges, weights=self.weights)[0]
            return contents, np.histogram(inside, edges, weights=self.weights**2)[0]
        inside = np.where(inside == edges[-1], np.nextafter(edges[-1], edges[0]), inside)  # the last bin is closed
        events, bins = int(self.event.max(initial=-1)) + 1, len(edges) - 1
        if events * bins > MOST_CELLS:
            histogram = hist.Hist(hist.axis.Variable(edges), storage=hist.storage.Weight())
            fill_by_event(histogram, inside, event=self.event, weight=self.weights)
            return np.asarray(histogram.values()), np.asarray(histogram.variances())
        place = np.searchsorted(edges, inside, side="right") - 1  # the same, without sorting
        kept = (place >= 0) & (place < bins)
        cell = self.event[kept] * bins + place[kept]
        shares = np.bincount(cell, self.weights[kept], events * bins).reshape(events, bins)
        return shares.sum(axis=0), (shares**2).sum(axis=0)
