"""Bunch crossings of the spectrometer's events, and what a vertex finder makes of their tracks.

A row is a collision: where it was, its tracks, and the vertex that was reconstructed of them.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from jaxtyping import Bool, Float64, Int64

from flashsim.experiments.vertices.finder import find
from flashsim.experiments.vertices.fit import Lines, Vertex

COLLISIONS = 7.0
"""Mean number of collisions of a crossing; one at least."""
_HITS = 3  # in the vertex detector, of a track that can tell where it comes from
_FAR = 1.0  # mm from the beam, of lines that are not looked at
_PROMPT = 0.1  # mm
LOST, OWN, MERGED = 0, 1, 2
_STATE = ("rec_x", "rec_y", "rec_tx", "rec_ty")
_AXES = ("x", "y", "tx", "ty")
_ENTRIES = ("xx", "yx", "yy", "zx", "zy", "zz")


@dataclass(frozen=True)
class Collisions:
    """The events of a sample: where each was, and which tracks it left (rows of `lines`, by `owner`)."""

    position: Float64[np.ndarray, "collisions 3"]
    lines: Lines
    owner: Int64[np.ndarray, " n"]
    prompt: Bool[np.ndarray, " n"]

    def __len__(self) -> int:
        return len(self.position)


def read_collisions(path: Path) -> Collisions:
    """Events of a sample of the spectrometer that have particles; each was where most of its particles come from."""
    table = {name: column.to_numpy() for name, column in zip(*_columns(path), strict=True)}
    true = ~table["ghost"].astype(bool)
    numbers, event = np.unique(table["event"], return_inverse=True)
    origin = np.stack([table[f"v{axis}"] for axis in "xyz"], axis=1).astype(np.float64)
    places, counts = np.unique(np.column_stack([event[true], origin[true]]), axis=0, return_counts=True)
    order = np.lexsort((counts, places[:, 0]))  # the last of each event has most particles
    last = np.append(np.flatnonzero(np.diff(places[order, 0])), len(order) - 1)
    position = np.full((len(numbers), 3), np.nan)
    position[places[order[last], 0].astype(int)] = places[order[last], 1:]
    tracks = (table["track_type"] > 0) & (table["vertex_hits"] >= _HITS) & ~np.isnan(position[event, 0])
    apart = np.hypot(*(origin - position[event]).T[:2])
    covariance = np.empty((int(tracks.sum()), 4, 4))
    for i, row in enumerate(_AXES):
        for j, column in enumerate(_AXES[: i + 1]):
            covariance[:, i, j] = covariance[:, j, i] = table[f"cov_{row}_{column}"][tracks]
    state = np.stack([table[name][tracks] for name in _STATE], axis=1).astype(np.float64)
    lines = Lines(table["rec_z"][tracks].astype(np.float64), state, covariance)
    return Collisions(position, lines, event[tracks], (true & (apart < _PROMPT))[tracks])


def _columns(path: Path) -> tuple[list[str], list[pa.ChunkedArray]]:
    names = ["event", "ghost", "track_type", "vertex_hits", "vx", "vy", "vz", "rec_z", *_STATE]
    names += [f"cov_{row}_{column}" for i, row in enumerate(_AXES) for column in _AXES[: i + 1]]
    table = pq.read_table(path, columns=names)
    return table.column_names, table.columns


def crossings(collisions: Collisions, rounds: int, seed: int) -> pa.Table:
    """Every collision `rounds` times, each time among others (`run` is the round), with what was found of it."""
    random = np.random.default_rng(seed)
    usable = np.flatnonzero(~np.isnan(collisions.position[:, 0]))
    by_owner = np.argsort(collisions.owner, kind="stable")
    ends = np.searchsorted(collisions.owner[by_owner], np.arange(len(collisions) + 1))
    rows: list[dict[str, float]] = []
    for run in range(rounds):
        order, start, number = random.permutation(usable), 0, 0
        while start < len(order):
            members = order[start : start + 1 + random.poisson(COLLISIONS - 1)]
            tracks = np.concatenate([by_owner[ends[one] : ends[one + 1]] for one in members])
            found = _found(collisions, members, tracks)
            rows += [{"run": run, "event": number} | row for row in found]
            start, number = start + len(members), number + 1
    types = {"run": pa.int32(), "event": pa.int32()} | dict.fromkeys(("found", "extra"), pa.int8())
    types |= dict.fromkeys(("n_tracks", "rec_tracks", "extra_tracks"), pa.int16())
    columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    return pa.table({name: pa.array(values).cast(types.get(name, pa.float32())) for name, values in columns.items()})


def _found(
    collisions: Collisions, members: Int64[np.ndarray, " collisions"], tracks: Int64[np.ndarray, " n"]
) -> list[dict[str, float]]:
    """One row for each collision of a crossing."""
    lines, owner = collisions.lines.take(tracks), collisions.owner[tracks]
    close = np.flatnonzero(np.hypot(*lines.state[:, :2].T) < _FAR)
    vertices = [(vertex, close[rows]) for vertex, rows in find(lines.take(close))]
    content = np.array([[np.count_nonzero(owner[rows] == one) for one in members] for _, rows in vertices])
    content = content.reshape(len(vertices), len(members))
    whose = content.argmax(axis=1) if len(members) and len(vertices) else np.zeros(0, dtype=int)
    described = []
    for index, one in enumerate(members):
        own = np.flatnonzero(whose == index)
        own = own[np.argsort(-content[own, index], kind="stable")]
        prompt = collisions.prompt[tracks] & (owner == one)
        elsewhere = content[:, index].max(initial=0) if len(own) == 0 else 0
        merged = elsewhere >= 2 and 2 * elsewhere >= np.count_nonzero(prompt)
        described.append(
            dict(zip(("pvx", "pvy", "pvz"), collisions.position[one].tolist(), strict=True))
            | _tracks(lines.take(np.flatnonzero(prompt)), collisions.position[one, 2])
            | {"found": OWN if len(own) else MERGED if merged else LOST}
            | _described(vertices[own[0]][0] if len(own) else None)
            | _extra(vertices[own[1]][0] if len(own) > 1 else None)
        )
    return described


def _tracks(lines: Lines, z: float) -> dict[str, float]:
    """How many, and what they know of their vertex, across the beam and along it (in 1/mm²)."""
    information = lines.weight_at(float(z))
    slope = lines.state[:, 2:]
    along = np.einsum("ni,nij,nj->", slope, information, slope) if len(lines) else 0.0
    across = 0.5 * np.einsum("nii->", information) if len(lines) else 0.0
    return {"n_tracks": len(lines), "across": float(across), "along": float(along)}


def _described(vertex: Vertex | None) -> dict[str, float]:
    names = ("rec_x", "rec_y", "rec_z", *(f"c_{entry}" for entry in _ENTRIES), "chi2", "rec_tracks")
    if vertex is None:
        return dict.fromkeys(names, 0.0)
    entries = vertex.covariance[np.tril_indices(3)]
    return dict(zip(names, [*vertex.position, *entries, vertex.chi2, vertex.tracks], strict=True))


def _extra(vertex: Vertex | None) -> dict[str, float]:
    names = ("extra_x", "extra_y", "extra_z", "extra_tracks")
    if vertex is None:
        return {"extra": 0.0} | dict.fromkeys(names, 0.0)
    return {"extra": 1.0} | dict(zip(names, [*vertex.position, vertex.tracks], strict=True))
