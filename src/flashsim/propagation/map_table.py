"""The numbers of a field map, from a table or a NumPy archive: six columns, one row a point."""

import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float64

from flashsim.card import MapField
from flashsim.errors import FlashSimError, nearest
from flashsim.events.parquet_reader import open_parquet
from flashsim.events.root_reader import open_table

MAX_POINTS = 50_000_000
"""Points of a map: 1.2 GB in memory."""
_HEADER_WITHIN = 100  # lines of a text file
_TEXT = (".csv", ".txt", ".dat")

Table = Float64[np.ndarray, "6 points"]


def read_table(path: Path, field: MapField) -> Table:
    """The columns x, y, z, Bx, By, Bz of a map as they are in its file; FlashSimError naming what is wrong."""
    if not path.is_file():
        raise FlashSimError(f"{path}: no such file; its name is relative to the card's folder")
    if path.suffix == ".npz":
        return _archive(path, field.columns)
    if path.suffix == ".parquet":
        with open_parquet(path) as file:
            _few_enough(path, file.metadata.num_rows)
            _all_there(path, field.columns, file.schema_arrow.names)
            read = file.read(columns=list(dict.fromkeys(field.columns)))
            return _joined(path, field.columns, [read[name].to_numpy() for name in field.columns])
    if path.suffix == ".root":
        with open_table(path, field.tree) as table:
            _few_enough(path, table.num_entries)
            _all_there(path, field.columns, list(table.keys(recursive=False)))
            arrays = table.arrays(list(field.columns), library="ak")
            return _joined(path, field.columns, [np.asarray(arrays[name]) for name in field.columns])
    if path.suffix in _TEXT:
        return _text(path, field.columns)
    raise FlashSimError(f"{path}: a field map is .parquet, .root, .npz, or text: {', '.join(_TEXT)}")


def _text(path: Path, columns: Sequence[str]) -> Table:
    """Columns between commas or blanks, their names in the last line before the numbers; ``#`` may stand before it."""
    names, skip = _header(path)
    _all_there(path, columns, names)
    with _damage_told(path), path.open(encoding="utf-8") as file:
        lines = (line.replace(",", " ") for line in islice(file, skip, None))
        values = np.loadtxt(lines, ndmin=2, comments="#", max_rows=MAX_POINTS + 1)
        if values.shape[1] != len(names):
            raise FlashSimError(f"{path}: {values.shape[1]} columns of numbers under {len(names)} names")
    _few_enough(path, len(values))
    return _joined(path, columns, [values[:, names.index(name)] for name in columns])


def _header(path: Path) -> tuple[list[str], int]:
    """The names of the columns, and how many lines stand before the numbers."""
    names: list[str] = []
    with _damage_told(path), path.open(encoding="utf-8") as file:
        for number, line in enumerate(islice(file, _HEADER_WITHIN)):
            words = line.replace(",", " ").lstrip("# \t").split()
            if words and all(map(_is_number, words)) and not line.lstrip().startswith("#"):
                if not names:
                    break
                return names, number
            names = words or names
    raise FlashSimError(
        f"{path}: no names of columns in a line before the numbers; write 'x y z Bx By Bz' there, in its order"
    )


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _archive(path: Path, columns: Sequence[str]) -> Table:
    """Three axes and three arrays of nx × ny × nz."""
    with _damage_told(path):
        with zipfile.ZipFile(path) as archive:
            size = sum(info.file_size for info in archive.infolist())
        _few_enough(path, size // (8 * 6))
        with np.load(path, allow_pickle=False) as archive:
            _all_there(path, columns, archive.files)
            arrays = [archive[name] for name in columns]
    shape = tuple(axis.size for axis in arrays[:3])
    for name, array in zip(columns, arrays, strict=True):
        if name in columns[3:] and array.shape != shape:
            raise FlashSimError(
                f"{path}: array {name!r} has shape {array.shape}; the axes {', '.join(columns[:3])} make it {shape}"
            )
    axes = np.meshgrid(*arrays[:3], indexing="ij")
    return _joined(path, columns, [array.reshape(-1) for array in (*axes, *arrays[3:])])


def _joined(path: Path, columns: Sequence[str], arrays: list[np.ndarray]) -> Table:
    for name, array in zip(columns, arrays, strict=True):
        if array.ndim != 1 or array.dtype.kind not in "fiu":
            raise FlashSimError(f"{path}: column {name!r} holds {array.dtype}; a map has one number a point")
        bad = np.flatnonzero(~np.isfinite(array.astype(np.float64)))
        if bad.size:
            raise FlashSimError(
                f"{path}: column {name!r} is {array[bad[0]]} in row {bad[0]} ({bad.size} such); a field is finite"
            )
    return np.stack([array.astype(np.float64) for array in arrays])


def _all_there(path: Path, columns: Sequence[str], there: Sequence[str]) -> None:
    for name in columns:
        if name not in there:
            raise FlashSimError(
                f"{path}: no column {name!r}{nearest(name, there)}; it has {', '.join(there)}; name its own by "
                "`columns` of the field"
            )


def _few_enough(path: Path, points: int) -> None:
    if points > MAX_POINTS:
        raise FlashSimError(f"{path}: {points:,} points; a field map has at most {MAX_POINTS:,}")


@contextmanager
def _damage_told(path: Path) -> Iterator[Any]:
    """What leaves a reader of NumPy's by exceptions of any kind becomes a FlashSimError."""
    try:
        yield
    except FlashSimError:
        raise
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        message = " ".join(str(error).split())[:200]
        raise FlashSimError(f"{path}: cannot be read as a field map ({message}); make it again") from error
