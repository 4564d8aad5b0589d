"""A field map from a file: a grid that is checked, and the copy of it that a release keeps."""

from functools import lru_cache
from pathlib import Path
from threading import Lock

import numpy as np
import safetensors.numpy
from jaxtyping import Float64
from safetensors import SafetensorError

from flashsim.card import Card, MapField, factor
from flashsim.errors import FlashSimError
from flashsim.files import sha256
from flashsim.propagation.field_map import Grid
from flashsim.propagation.map_table import Table, read_table

STRONGEST = 50.0
"""Tesla: no magnet around a detector is stronger, so that the unit must be wrong."""
_UNEVEN = 1e-3
_LOADING = Lock()


def map_copy(name: str) -> str:
    """Where a release keeps a field map."""
    return f"fields/{name}.safetensors"


def load_grid(card: Card, name: str, field: MapField) -> Grid:
    """The grid (mm, T) of the map of `[field.<name>]`: from its file, or from the release that the card is of."""
    path = card.folder / field.file if card.release is None else card.release / map_copy(name)
    try:
        status = path.stat()
    except OSError:
        if card.release is not None:
            raise FlashSimError(f"{path}: is missing from the release; fetch the release again") from None
        raise FlashSimError(
            f"field.{name}.file = {field.file!r}: no such file: {path}; the name is relative to the card's folder"
        ) from None
    with _LOADING:  # of several threads that ask first, one reads
        kept = card.release is not None
        return _load(path, status.st_mtime_ns, status.st_size, name, field.model_dump_json(), kept=kept)


def with_checksum(card: Card, field: MapField) -> MapField:
    """The table with the checksum of the file that it names; that of a release has it already."""
    if card.release is not None:
        return field
    return field.model_copy(update={"sha256": sha256(card.folder / field.file)})


def save_grid(grid: Grid) -> bytes:
    """The content of the copy in a release: what was read, before `scale`."""
    first, step = np.array(grid.first), np.array(grid.step)
    return safetensors.numpy.save({"first": first, "step": step, "values": grid.values})


@lru_cache(maxsize=8)
def _load(path: Path, changed: int, size: int, name: str, table: str, *, kept: bool) -> Grid:
    """A grid, read once a process while its file stays what it is (`changed`, `size`)."""
    if kept:
        return _copy(path)
    field = MapField.model_validate_json(table)
    if field.sha256 is not None and sha256(path) != field.sha256:
        raise FlashSimError(
            f"field.{name}.file = {field.file!r}: {path} has sha256 {sha256(path)}, not that of the card; fetch the "
            "right file"
        )
    points = read_table(path, field)
    points[:3] *= factor(field.length)
    points[3:] *= factor(field.unit)
    strongest = float(np.abs(points[3:]).max(initial=0))
    if strongest > STRONGEST:
        raise FlashSimError(
            f"field.{name}.unit = {field.unit!r}: {path} has a field of {strongest:g} T then; is its unit another one, "
            "as 'gauss' or 'kG'?"
        )
    return regular_grid(points, str(path), field)


def regular_grid(table: Table, origin: str, field: MapField) -> Grid:
    """The grid behind a table of points in any order; FlashSimError where they are no regular grid."""
    places, first, step, counts = [], [], [], []
    for name, values in zip(field.columns[:3], table[:3], strict=True):
        start, spacing, count = _axis(values, origin, name)
        places.append(np.rint((values - start) / spacing).astype(np.int64))
        first.append(start)
        step.append(spacing)
        counts.append(count)
    nx, ny, nz = counts
    there = np.bincount((places[2] * nx + places[0]) * ny + places[1], minlength=nx * ny * nz)
    if (there != 1).any():
        point = int(np.argmax(there != 1))
        z, x, y = np.unravel_index(point, (nz, nx, ny))
        where = ", ".join(f"{a + b * int(c):g}" for a, b, c in zip(first, step, (x, y, z), strict=True))
        raise FlashSimError(
            f"{origin}: no regular grid: the point ({where}) mm is there {there[point]} times, and {nx} × {ny} × {nz} "
            "points must be there once each"
        )
    values = np.empty((3, nz, nx, ny))
    values[:, places[2], places[0], places[1]] = table[3:]
    return Grid((first[0], first[1], first[2]), (step[0], step[1], step[2]), values)


def _axis(values: Float64[np.ndarray, " points"], origin: str, name: str) -> tuple[float, float, int]:
    """The first coordinate, the step and the number of an axis, which may be rounded in the file."""
    lowest, highest = float(values.min(initial=np.inf)), float(values.max(initial=-np.inf))
    if not lowest < highest:
        raise FlashSimError(f"{origin}: column {name!r} has fewer than two values; a map has points on both sides")
    rounded = np.unique(np.rint((values - lowest) / (highest - lowest) * 1e7)) / 1e7
    count = len(rounded)
    uneven = np.abs(rounded * (count - 1) - np.arange(count))
    if uneven.max() > _UNEVEN + 1e-7 * count:
        gap = int(np.argmax(uneven))
        at = lowest + rounded[gap] * (highest - lowest)
        raise FlashSimError(
            f"{origin}: no regular grid: the {count} values of {name!r} between {lowest:g} and {highest:g} mm are not "
            f"evenly spaced, as at {at:g}; interpolate the map to even steps"
        )
    return lowest, (highest - lowest) / (count - 1), count


def _copy(path: Path) -> Grid:
    try:
        arrays = safetensors.numpy.load(path.read_bytes())
    except SafetensorError as error:
        raise FlashSimError(f"{path}: is not a safetensors file ({error})") from error
    shapes = {name: array.shape for name, array in arrays.items() if array.dtype == np.float64}
    fits = shapes.get("first") == shapes.get("step") == (3,) and len(shapes.get("values", ())) == 4
    if not fits or shapes["values"][0] != 3 or min(shapes["values"]) < 2 or not (arrays["step"] > 0).all():
        raise FlashSimError(f"{path}: is not the field map of a release; fetch the release again")
    first, step = ((float(x), float(y), float(z)) for x, y, z in (arrays["first"], arrays["step"]))
    return Grid(first, step, arrays["values"])
