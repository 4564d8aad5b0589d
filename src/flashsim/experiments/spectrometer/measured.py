"""Measured hits, and the search for those near a prediction, in all events of a chunk at once."""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float, Float64, Int, Int64

from flashsim.experiments.spectrometer.geometry import PLANES

_EVENT_STEP = 1e5  # mm: more than any plane, so that windows never reach the next event
_MARGIN = 1e-4  # mm: above the rounding of the search keys; the exact cut follows


@dataclass(frozen=True)
class MeasuredHits:
    """What the detector gives: space points sorted by event and plane; `event` counts from 0 in the chunk."""

    event: Int64[np.ndarray, "m"]
    plane: Int64[np.ndarray, "m"]
    x: Float64[np.ndarray, "m"]
    y: Float64[np.ndarray, "m"]

    def __len__(self) -> int:
        return len(self.event)


def expand(
    start: Int[np.ndarray, "n"], stop: Int[np.ndarray, "n"]
) -> tuple[Int64[np.ndarray, "k"], Int64[np.ndarray, "k"]]:
    """All pairs (row, position) with start[row] <= position < stop[row]."""
    count = np.maximum(stop - start, 0)
    row = np.repeat(np.arange(len(count)), count)
    position = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count) + start[row]
    return row, position


@dataclass(frozen=True)
class HitSearch:
    """The measured hits of each plane, sorted along x and along y."""

    hits: MeasuredHits
    _sorted: dict[tuple[int, str], tuple[np.ndarray, np.ndarray]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        for plane in range(len(PLANES)):
            rows = np.flatnonzero(self.hits.plane == plane)
            for axis, values in (("x", self.hits.x), ("y", self.hits.y)):
                keys = self.hits.event[rows] * _EVENT_STEP + values[rows]
                order = np.argsort(keys, kind="stable")
                self._sorted[plane, axis] = keys[order], rows[order]

    def pairs(
        self,
        plane: int,
        axis: str,
        event: Int64[np.ndarray, "n"],
        centre: Float[np.ndarray, "n"],
        half_width: Float[np.ndarray, "n"] | float,
    ) -> tuple[Int64[np.ndarray, "k"], Int64[np.ndarray, "k"]]:
        """All (query, hit) with the hit of this plane in the same event within the window along one axis."""
        keys, rows = self._sorted[plane, axis]
        half = np.clip(half_width, 0.0, _EVENT_STEP / 4)
        middle = event * _EVENT_STEP + np.clip(np.nan_to_num(centre), -_EVENT_STEP / 5, _EVENT_STEP / 5)
        start = np.searchsorted(keys, middle - half - _MARGIN)
        stop = np.searchsorted(keys, middle + half + _MARGIN)
        query, position = expand(start, stop)
        hit = rows[position]
        value = (self.hits.x if axis == "x" else self.hits.y)[hit]
        near = np.abs(value - centre[query]) <= np.broadcast_to(half, event.shape)[query]
        return query[near], hit[near]

    def nearest(
        self,
        plane: int,
        event: Int64[np.ndarray, "n"],
        x: Float[np.ndarray, "n"],
        y: Float[np.ndarray, "n"],
        window_x: Float[np.ndarray, "n"],
        window_y: Float[np.ndarray, "n"],
    ) -> tuple[Int64[np.ndarray, "n"], Float64[np.ndarray, "n"]]:
        """The hit nearest to each prediction, in units of the window, or -1; and that distance squared."""
        query, hit = self.pairs(plane, "x", event, x, window_x)
        offset_y = (self.hits.y[hit] - y[query]) / window_y[query]
        near = np.abs(offset_y) <= 1.0
        query, hit, offset_y = query[near], hit[near], offset_y[near]
        distance = ((self.hits.x[hit] - x[query]) / window_x[query]) ** 2 + offset_y**2
        order = np.lexsort((distance, query))
        first = order[np.flatnonzero(np.diff(query[order], prepend=-1))]
        found = np.full(len(event), -1, dtype=np.int64)
        best = np.zeros(len(event))
        found[query[first]] = hit[first]
        best[query[first]] = distance[first]
        return found, best


def inside(plane: int, x: Float[np.ndarray, "n"], y: Float[np.ndarray, "n"]) -> Bool[np.ndarray, "n"]:
    """Whether points lie on the sensitive area of a plane: within its edges, outside its hole."""
    where = PLANES[plane]
    radius_x, radius_y = np.abs(x), np.abs(y)
    return (radius_x < where.half_x) & (radius_y < where.half_y) & (np.maximum(radius_x, radius_y) > where.hole)
