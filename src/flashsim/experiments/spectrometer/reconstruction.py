"""From true hits to the rows of the reference sample: digitise, find tracks, fit, judge against the truth."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int64

from flashsim.experiments.spectrometer.digitisation import digitise
from flashsim.experiments.spectrometer.downstream import START, find_downstream_tracks
from flashsim.experiments.spectrometer.forward import find_long_tracks, find_upstream_tracks
from flashsim.experiments.spectrometer.geometry import PLANES
from flashsim.experiments.spectrometer.kalman import FittedTracks, fit
from flashsim.experiments.spectrometer.matching import match, reconstructible, without_clones
from flashsim.experiments.spectrometer.measured import HitSearch, MeasuredHits
from flashsim.experiments.spectrometer.records import Hits, Primaries
from flashsim.experiments.spectrometer.rounding import COVARIANCE, STATE, pack, round_columns
from flashsim.experiments.spectrometer.vertex_tracks import END, find_vertex_tracks, lines_at_end

NONE, LONG, UPSTREAM, DOWNSTREAM = range(4)
SPECIES = (11, 13, 211, 321, 2212)  # absolute Particle Data Group ids of the rows that are written
_STATION = np.array([plane.station for plane in PLANES])
_LAST = {
    LONG: len(PLANES) - 1,
    UPSTREAM: int(np.flatnonzero(_STATION == "upstream")[-1]),
    DOWNSTREAM: len(PLANES) - 1,
}
_LARGEST_CHI2 = {LONG: 4.0, UPSTREAM: 6.0, DOWNSTREAM: 4.0}  # per degree of freedom
_LEAST_HITS = {LONG: (3, 0, 8), UPSTREAM: (3, 3, 0), DOWNSTREAM: (0, 3, 8)}


@dataclass(frozen=True)
class _Tracks:
    """Fitted tracks of one or several types."""

    kind: np.ndarray
    matrix: np.ndarray
    fitted: FittedTracks


def _counts(matrix: Int64[np.ndarray, "n planes"]) -> Int64[np.ndarray, "n 3"]:
    return np.stack([(matrix[:, s == _STATION] >= 0).sum(axis=1) for s in ("vertex", "upstream", "downstream")], 1)


def _take(fitted: FittedTracks, rows: np.ndarray) -> FittedTracks:
    return FittedTracks(*(getattr(fitted, name)[rows] for name in ("z", "state", "covariance", "chi2", "used")))


def _fitted(hits: MeasuredHits, kind: int, matrix: np.ndarray, state: Float[np.ndarray, "n 5"]) -> _Tracks:
    """Fit candidates of one type and keep the good ones."""
    z = START if kind == DOWNSTREAM else END
    fitted = fit(hits, matrix, state, z, _LAST[kind], from_vertex=kind != DOWNSTREAM)
    matrix = np.where(fitted.used, matrix, -1)
    degrees = 2 * (matrix >= 0).sum(axis=1) - 5
    sound = np.isfinite(fitted.state).all(axis=1) & np.isfinite(fitted.covariance).all(axis=(1, 2))
    good = sound & (fitted.chi2 < _LARGEST_CHI2[kind] * degrees)
    good &= (_counts(matrix) >= np.array(_LEAST_HITS[kind])).all(axis=1)
    return _Tracks(np.full(int(good.sum()), kind), matrix[good], _take(fitted, good))


def find_tracks(hits: MeasuredHits) -> _Tracks:
    """All long, upstream and downstream tracks in the measured hits, fitted."""
    search = HitSearch(hits)
    vertex = find_vertex_tracks(search)
    lines = lines_at_end(hits, vertex)
    _, matrix, state = find_long_tracks(search, vertex, lines)
    long = _fitted(hits, LONG, matrix, state)
    taken = np.zeros(len(hits), dtype=bool)
    taken[long.matrix[long.matrix >= 0]] = True
    rest = ~((vertex >= 0) & taken[vertex]).any(axis=1) if len(vertex) else np.zeros(0, dtype=bool)
    _, matrix, state = find_upstream_tracks(search, vertex[rest], lines[rest])
    upstream = _fitted(hits, UPSTREAM, matrix, state)
    matrix, state = find_downstream_tracks(search, ~taken)
    downstream = _fitted(hits, DOWNSTREAM, matrix, state)
    parts = (long, upstream, downstream)
    names = ("z", "state", "covariance", "chi2", "used")
    joined = FittedTracks(*(np.concatenate([getattr(p.fitted, name) for p in parts]) for name in names))
    return _Tracks(np.concatenate([p.kind for p in parts]), np.concatenate([p.matrix for p in parts]), joined)


def _reconstructed(tracks: _Tracks) -> dict[str, np.ndarray]:
    """The reconstructed columns, one row a track."""
    counts = _counts(tracks.matrix)
    fitted = tracks.fitted
    columns = {"track_type": tracks.kind.astype(np.uint8), "rec_z": fitted.z, "chi2": fitted.chi2}
    columns |= {f"rec_{name}": fitted.state[:, i] for i, name in enumerate(STATE)}
    columns |= dict(zip(COVARIANCE, pack(fitted.covariance).T, strict=True))
    columns["ndof"] = (2 * counts.sum(axis=1) - 5).astype(np.int16)
    stations = ("vertex_hits", "upstream_hits", "downstream_hits")
    columns |= {name: counts[:, i].astype(np.uint8) for i, name in enumerate(stations)}
    return columns


def reconstruct(hits: Hits, primaries: Primaries, seed: int) -> dict[str, np.ndarray]:
    """The reference sample's rows: charged primaries in their order, then each event's ghosts.

    Events are those with primaries. `run` is left at 0 for the caller to fill.
    """
    events = np.unique(primaries.event)
    measured, sources = digitise(hits, events, seed)
    tracks = find_tracks(measured)
    primary = match(tracks.matrix, sources, hits, len(measured))
    kept = without_clones(primary, (-_counts(tracks.matrix).sum(axis=1), tracks.fitted.chi2))
    written = np.isin(np.abs(primaries.pid), SPECIES)
    kept &= (primary < 0) | written[primary] if len(primaries) else kept
    track = np.flatnonzero(kept)
    track_event = measured.event[tracks.matrix[track].max(axis=1)] if len(track) else np.zeros(0, dtype=np.int64)
    ghost = primary[track] < 0
    # ghosts in an order that does not depend on how the events were cut into chunks
    ghosts = track[ghost]
    order = np.lexsort((tracks.fitted.state[ghosts, 0], tracks.kind[ghosts], track_event[ghost]))
    ghosts, ghost_event = ghosts[order], events[track_event[ghost][order]]

    rows = np.flatnonzero(written)
    n = len(rows) + len(ghosts)
    event = np.concatenate([primaries.event[rows], ghost_event])
    columns: dict[str, np.ndarray] = {"run": np.zeros(n, dtype=np.int32), "event": event.astype(np.int32)}
    for name in ("pid", "px", "py", "pz", "vx", "vy", "vz"):
        kind = np.int32 if name == "pid" else np.float32
        columns[name] = np.concatenate([getattr(primaries, name)[rows], np.zeros(len(ghosts))]).astype(kind)
    columns["ghost"] = np.arange(n) >= len(rows)

    position = np.full(len(primaries), -1, dtype=np.int64)
    position[rows] = np.arange(len(rows))
    found = np.concatenate([track[~ghost], ghosts])
    target = np.concatenate([position[primary[track[~ghost]]], len(rows) + np.arange(len(ghosts))])
    possible = np.concatenate([reconstructible(hits, primaries)[rows], np.zeros(len(ghosts), dtype=bool)])
    possible[target] = True
    columns["reconstructible"] = possible
    for name, values in _reconstructed(tracks).items():
        integer = np.issubdtype(values.dtype, np.integer)
        column = np.zeros(n, dtype=values.dtype if integer else np.float32)
        column[target] = values[found]
        columns[name] = column
    columns = round_columns(columns)
    in_order = np.lexsort((np.arange(n), columns["ghost"], event))
    return {name: values[in_order] for name, values in columns.items()}
