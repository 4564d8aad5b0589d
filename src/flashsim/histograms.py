"""Histograms of simulated copies of events: the copies of an event count as one event in the errors.

An event that is simulated N times says more about the detector, and no more about the generator. With w the
weight of an event and pdf the share of its copies in a bin, a bin holds the sum of w pdf over the events, with
the variance of the sum of (w pdf)²; normalised, σᵢ² = Σ (w pdfᵢ)² / (Σ w)². Counting every copy as an event of
its own would divide the error by √N instead.
"""

from typing import Any

import awkward as ak
import hist
import numpy as np
from jaxtyping import Bool, Float64, Int64

from flashsim.errors import FlashSimError
from flashsim.events import EventBatch
from flashsim.events.identity import UniqueEvents

Entries = Any  # numbers as NumPy or awkward arrays: one an entry, or one an event beside lists of entries


def fill_by_event(
    histogram: hist.Hist, *values: Entries, event: Entries, run: Entries = 0, weight: Entries = 1.0, copies: int = 1
) -> None:
    """Fill a histogram of storage ``Weight``; the entries of one event, of all its copies, make one contribution.

    `values` are one array an axis, flat or a list an event; `event`, `run` and `weight` are one number an entry
    or an event. Entries that are missing (None) are left out. Divided by `copies`, contents are in events of the
    generator. All copies of an event must be in one call (`EventHistogram` takes them in batches), in any order.
    """
    _Entries.of(histogram, values, run, event, weight, copies).fill(histogram)


class EventHistogram:
    """A histogram that is filled batch by batch, as files are read, with the errors of `fill_by_event`.

    An event may go on from the end of one batch to the beginning of the next, as the copies of an event follow
    one another in what FlashSim writes. One that comes back later is an error, as its copies would be taken for
    independent events. Histograms of different events can be added.
    """

    def __init__(self, *axes: Any, copies: int = 1) -> None:
        if copies < 1:
            raise FlashSimError(f"EventHistogram: copies = {copies}: at least 1 is needed")
        self._closed = hist.Hist(*axes, storage=hist.storage.Weight())
        self._copies = copies
        self._open: _Entries | None = None
        self._seen = UniqueEvents(
            "all copies of an event must follow one another: sort by run and event before filling"
        )

    def fill(self, *values: Entries, event: Entries, run: Entries = 0, weight: Entries = 1.0) -> "EventHistogram":
        """Add a batch; arguments as those of `fill_by_event`."""
        entries = _Entries.of(self._closed, values, run, event, weight, self._copies)
        if len(entries.bin) == 0:
            return self
        new = entries
        if self._open is not None:
            new = entries.take(~entries.like(self._open))
            entries = self._open.joined(entries)
        self._seen.add(new.events(), "histogram")
        last = entries.like(entries)
        closed, self._open = entries.take(~last), entries.take(last)
        closed.fill(self._closed)
        return self

    def to_hist(self) -> hist.Hist:
        """What has been filled, as a histogram of storage ``Weight`` of its own, to plot, slice, project and add."""
        self._seen.finish("histogram")
        histogram = self._closed.copy()
        if self._open is not None:
            self._open.fill(histogram)
        return histogram

    def normalised(self) -> hist.Hist:
        """The same, divided by the sum of its contents, with those beyond the axes."""
        histogram = self.to_hist()
        return histogram / float(histogram.view(flow=True)["value"].sum())  # type: ignore[call-overload]


class _Entries:
    """Entries with the bin that each is in (flow bins included) and the event that it is of."""

    def __init__(
        self,
        bin: Int64[np.ndarray, " n"],
        run: Int64[np.ndarray, " n"],
        event: Int64[np.ndarray, " n"],
        weight: Float64[np.ndarray, " n"],
    ) -> None:
        self.bin, self.run, self.event, self.weight = bin, run, event, weight

    @staticmethod
    def of(histogram: hist.Hist, values: Any, run: Entries, event: Entries, weight: Entries, copies: int) -> "_Entries":
        """The entries that lie in a bin of `histogram`."""
        if len(values) != histogram.ndim:
            raise FlashSimError(f"histogram of {histogram.ndim} axes: {len(values)} arrays of values were given")
        if histogram.storage_type is not hist.storage.Weight:
            raise FlashSimError("a histogram with errors by event needs storage=hist.storage.Weight()")
        try:
            together = ak.broadcast_arrays(*values, run, event, weight)
        except ValueError as error:
            raise FlashSimError("histogram: values, run, event and weight do not belong to the same entries") from error
        flat = [np.asarray(ak.flatten(part, axis=None)) for part in together]  # type: ignore[arg-type]
        *columns, runs, events, weights = flat
        place, kept = _bins(histogram, columns)
        weights = weights.astype(np.float64) / copies
        return _Entries(place[kept], runs[kept].astype(np.int64), events[kept].astype(np.int64), weights[kept])

    def take(self, rows: np.ndarray) -> "_Entries":
        return _Entries(self.bin[rows], self.run[rows], self.event[rows], self.weight[rows])

    def like(self, other: "_Entries") -> Bool[np.ndarray, " n"]:
        """Which of these entries are of the same event as the last one of `other`."""
        return (self.run == other.run[-1]) & (self.event == other.event[-1])

    def events(self) -> EventBatch:
        """The events of these entries, each once."""
        identity = np.unique(np.stack([self.run, self.event], axis=1), axis=0)
        offsets = np.zeros(len(identity) + 1, np.int64)
        return EventBatch(identity[:, 0].copy(), identity[:, 1].copy(), offsets, {})

    def joined(self, after: "_Entries") -> "_Entries":
        names = ("bin", "run", "event", "weight")
        return _Entries(*(np.concatenate([getattr(self, name), getattr(after, name)]) for name in names))

    def fill(self, histogram: hist.Hist) -> None:
        """Add each event's sum of weights in a bin to its content, and the square of that to its variance."""
        order = np.lexsort((self.bin, self.event, self.run))
        rows = np.stack([self.run[order], self.event[order], self.bin[order]])
        start = np.flatnonzero(np.any(np.diff(rows, axis=1, prepend=rows[:, :1] - 1) != 0, axis=0))
        if len(start) == 0:
            return
        sums, place = np.add.reduceat(self.weight[order], start), rows[2, start]
        view: Any = histogram.view(flow=True)
        size = view.size
        view["value"] += np.bincount(place, sums, size).reshape(view.shape)
        view["variance"] += np.bincount(place, sums**2, size).reshape(view.shape)


def _bins(histogram: hist.Hist, columns: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The place of each entry in the flattened contents with flow bins, and whether it has one."""
    places: list[np.ndarray] = []
    kept = np.ones(len(columns[0]), dtype=bool)
    for axis, values in zip(histogram.axes, columns, strict=True):
        if axis.traits.growth:
            raise FlashSimError("a histogram with errors by event cannot have axes that grow")
        place = np.asarray(axis.index(values), np.int64) + int(axis.traits.underflow)
        kept &= (place >= 0) & (place < axis.extent)
        places.append(np.clip(place, 0, axis.extent - 1))
    shape = tuple(axis.extent for axis in histogram.axes)
    return np.ravel_multi_index(tuple(places), shape).astype(np.int64), kept
