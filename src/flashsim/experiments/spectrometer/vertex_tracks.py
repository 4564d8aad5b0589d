"""Straight tracks in the vertex detector: pairs of hits, followed plane by plane towards the beam.

The search starts at the outermost plane and goes inwards; hits of accepted tracks start no new ones.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int64

from flashsim.experiments.spectrometer.competition import compete
from flashsim.experiments.spectrometer.geometry import PLANES
from flashsim.experiments.spectrometer.measured import HitSearch, MeasuredHits, inside

PLANE_Z = np.array([plane.z for plane in PLANES])
VERTEX = [i for i, plane in enumerate(PLANES) if plane.station == "vertex"]
_SIGMA = PLANES[0].resolution_x
_SCATTERING = 1.5e-3  # rad a plane: a soft particle's, as momenta are not known yet
_STEEPEST = 0.6  # the largest |tx| and |ty|
_DISTANCE = 20.0  # mm from the beam axis at the closest point, for decays in flight
_STANDARD_DEVIATIONS = 5.0
_WIDEST = 2.0  # mm
_GAP = 2  # planes in a row that may miss their hit
END = 750.0  # mm, behind the last vertex plane: where tracks are handed over


@dataclass
class _Lines:
    """Straight lines at one z, with a covariance (position, slope) common to x and y."""

    x: np.ndarray
    y: np.ndarray
    tx: np.ndarray
    ty: np.ndarray
    c00: np.ndarray
    c01: np.ndarray
    c11: np.ndarray

    def move(self, distance: float | np.ndarray, scattering: float) -> None:
        self.c11 = self.c11 + scattering**2
        self.x, self.y = self.x + distance * self.tx, self.y + distance * self.ty
        self.c00 = self.c00 + distance * (2 * self.c01 + distance * self.c11)
        self.c01 = self.c01 + distance * self.c11

    def update(self, x: np.ndarray, y: np.ndarray, use: np.ndarray) -> np.ndarray:
        """Take in measured points where `use`; returns the χ² that each adds."""
        total = self.c00 + _SIGMA**2
        gain0, gain1 = np.where(use, self.c00 / total, 0.0), np.where(use, self.c01 / total, 0.0)
        dx, dy = np.where(use, x - self.x, 0.0), np.where(use, y - self.y, 0.0)
        self.x, self.y = self.x + gain0 * dx, self.y + gain0 * dy
        self.tx, self.ty = self.tx + gain1 * dx, self.ty + gain1 * dy
        self.c11 = self.c11 - gain1 * self.c01
        self.c01 = self.c01 - gain0 * self.c01
        self.c00 = self.c00 - gain0 * self.c00
        return (dx**2 + dy**2) / total

    def take(self, rows: np.ndarray) -> "_Lines":
        return _Lines(*(getattr(self, name)[rows] for name in ("x", "y", "tx", "ty", "c00", "c01", "c11")))


def _from_pairs(hits: MeasuredHits, outer: np.ndarray, inner: np.ndarray, gap: float) -> _Lines:
    x, y = hits.x[inner], hits.y[inner]
    ones = np.ones(len(inner))
    return _Lines(
        x,
        y,
        (hits.x[outer] - x) / gap,
        (hits.y[outer] - y) / gap,
        _SIGMA**2 * ones,
        -(_SIGMA**2) / gap * ones,
        2 * (_SIGMA / gap) ** 2 * ones,
    )


def _points_to_beam(line: _Lines, z: float) -> Bool[np.ndarray, "n"]:
    """Loosely: passes the axis within some centimetres, upstream of here, not too steeply."""
    slope2 = np.maximum(line.tx**2 + line.ty**2, 1e-12)
    along = -(line.x * line.tx + line.y * line.ty) / slope2
    distance = np.abs(line.x * line.ty - line.y * line.tx) / np.sqrt(slope2)
    steep = np.maximum(np.abs(line.tx), np.abs(line.ty))
    return (along < 0.0) & (along > -300.0 - z) & (distance < _DISTANCE) & (steep < _STEEPEST)


def _seeds(search: HitSearch, used: np.ndarray, outer_plane: int, inner_plane: int) -> tuple[np.ndarray, _Lines]:
    """Candidate matrices with two hits, and their lines at the inner plane."""
    hits = search.hits
    rows = np.flatnonzero((hits.plane == outer_plane) & ~used)
    gap = PLANE_Z[outer_plane] - PLANE_Z[inner_plane]
    query, inner = search.pairs(inner_plane, "x", hits.event[rows], hits.x[rows], _STEEPEST * gap)
    free = ~used[inner]
    outer, inner = rows[query[free]], inner[free]
    line = _from_pairs(hits, outer, inner, gap)
    good = np.flatnonzero(_points_to_beam(line, PLANE_Z[inner_plane]))
    matrix = np.full((len(good), len(PLANES)), -1, dtype=np.int64)
    matrix[:, outer_plane], matrix[:, inner_plane] = outer[good], inner[good]
    return matrix, line.take(good)


def _follow(search: HitSearch, matrix: np.ndarray, line: _Lines, start: int) -> tuple[np.ndarray, np.ndarray]:
    """Extend seeds inwards from plane `start`: the candidates with three hits or more, and their χ²."""
    chi2 = np.zeros(len(matrix))
    missed = np.zeros(len(matrix), dtype=np.int64)
    event = search.hits.event[matrix[:, start]]
    finished = []
    for plane in range(start - 1, -1, -1):
        line.move(PLANE_Z[plane] - PLANE_Z[plane + 1], _SCATTERING)
        window = np.minimum(_STANDARD_DEVIATIONS * np.sqrt(line.c00 + _SIGMA**2), _WIDEST)
        found, _ = search.nearest(plane, event, line.x, line.y, window, window)
        has = found >= 0
        chi2 = chi2 + line.update(search.hits.x[found], search.hits.y[found], has)
        matrix[:, plane] = found
        missed = np.where(has, 0, missed + inside(plane, line.x, line.y))
        # a seed must be confirmed at once; a track ends where it should have left hits but did not
        confirmed = (matrix >= 0).sum(axis=1) >= 3
        ahead = line.x * line.tx + line.y * line.ty > -1.0
        on = ahead & (missed < np.where(confirmed, _GAP + 1, _GAP)) & (plane > 0)
        done = ~on & confirmed
        finished.append((matrix[done], chi2[done]))
        matrix, chi2, missed, event, line = matrix[on], chi2[on], missed[on], event[on], line.take(on)
        if len(matrix) == 0:
            break
    empty = (np.empty((0, len(PLANES)), dtype=np.int64), np.empty(0))
    matrices, values = zip(empty, *finished, strict=True)
    return np.concatenate(matrices), np.concatenate(values)


def find_vertex_tracks(search: HitSearch) -> Int64[np.ndarray, "n planes"]:
    """The hits (row in the measured hits, or -1) in each plane of every vertex track."""
    used = np.zeros(len(search.hits), dtype=bool)
    tracks = [np.empty((0, len(PLANES)), dtype=np.int64)]
    weak, weak_chi2 = [tracks[0]], [np.empty(0)]
    for outer in range(len(VERTEX) - 1, 1, -1):
        matrices, values = [], []
        for inner in (outer - 1, outer - 2):
            if inner < 1:
                continue
            matrix, line = _seeds(search, used, outer, inner)
            matrix, chi2 = _follow(search, matrix, line, inner)
            matrices.append(matrix)
            values.append(chi2)
        matrix, chi2 = np.concatenate(matrices), np.concatenate(values)
        count = (matrix >= 0).sum(axis=1)
        strong = (count >= 4) & (chi2 / (2 * count - 4) < 6.0)
        lost = ((matrix >= 0) & used[matrix]).sum(axis=1)
        strong &= lost <= 0.3 * count
        weak.append(matrix[~strong & (count == 3)])
        weak_chi2.append(chi2[~strong & (count == 3)])
        matrix, chi2, count = matrix[strong], chi2[strong], count[strong]
        matrix = matrix[compete(matrix, (-count, chi2), len(used))]
        used[matrix[matrix >= 0]] = True
        tracks.append(matrix)
    # three hits are enough where nothing better wants any of them
    matrix, chi2 = np.concatenate(weak), np.concatenate(weak_chi2)
    free = (~((matrix >= 0) & used[matrix]).any(axis=1)) & (chi2 < 8.0)
    matrix, chi2 = matrix[free], chi2[free]
    tracks.append(matrix[compete(matrix, (chi2,), len(used), shared=0.0)])
    return np.concatenate(tracks)


def lines_at_end(hits: MeasuredHits, matrix: Int64[np.ndarray, "n planes"]) -> Float64[np.ndarray, "n 5"]:
    """The state (q/p = 0) of vertex tracks at `END`: a filter outwards, for hits far out weigh most."""
    n = len(matrix)
    wide = np.ones(n)
    line = _Lines(np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n), 1e4 * wide, 0 * wide, wide)
    z = PLANE_Z[0]
    for plane in VERTEX:
        line.move(PLANE_Z[plane] - z, 0.3e-3)
        z = PLANE_Z[plane]
        line.update(hits.x[matrix[:, plane]], hits.y[matrix[:, plane]], matrix[:, plane] >= 0)
    line.move(END - z, 0.0)
    return np.stack([line.x, line.y, line.tx, line.ty, np.zeros(n)], axis=1)
