"""A file of a stranger, column by column: which hold numbers, which lists of the same objects, and their values."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import uproot
from jaxtyping import Int64, Shaped
from uproot.interpretation import Interpretation

from flashsim.errors import FlashSimError, nearest
from flashsim.events import expand
from flashsim.events.batch import offsets_from_counts
from flashsim.events.parquet_reader import open_parquet
from flashsim.events.root_reader import column_names, counters, open_table

Wanted = Callable[[str], bool]


@dataclass
class Table:
    """The columns of a file, each read as a whole when it is asked for.

    `numbers` have one value a row; `groups` are lists whose lengths agree in every row, as those of objects of one
    kind do, with the offsets that they share; `unread` says of every other column why it cannot be used. `units` are
    those that the file itself states.
    """

    path: Path
    rows: int
    read: Callable[[str], ak.Array]
    numbers: list[str] = field(default_factory=list)
    groups: list[tuple[Int64[np.ndarray, " boundaries"], list[str]]] = field(default_factory=list)
    unread: dict[str, str] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)

    def values(self, name: str) -> Shaped[np.ndarray, " values"]:
        """The numbers of a column, of all its lists one after the other."""
        array = self.read(name)
        return np.asarray(array if array.ndim == 1 else ak.flatten(array, axis=1))

    def sort(self, names: list[str]) -> None:
        """Put each column where it belongs, by reading it once."""
        for name in names:
            if name in self.unread:
                continue
            array = self.read(name)
            if problem := _problem(array):
                self.unread[name] = problem
            elif array.ndim == 1:
                self.numbers.append(name)
            else:
                self._add_list(name, offsets_from_counts(np.asarray(ak.num(array, axis=1)).astype(np.int64)))

    def _add_list(self, name: str, offsets: Int64[np.ndarray, " boundaries"]) -> None:
        for known, names in self.groups:
            if np.array_equal(known, offsets):
                names.append(name)
                return
        self.groups.append((offsets, [name]))


def _problem(array: ak.Array) -> str:
    """Why an array is no column of numbers; empty if it is one."""
    layout: Any = array.layout
    if array.fields or array.ndim > 2:
        return f"it holds {array.type.content}, not one number an object"
    content: Any = ak.flatten(array, axis=1).layout if array.ndim == 2 else layout
    if content.is_option or (array.ndim == 2 and layout.is_option):
        return "it has rows without a value"
    if not isinstance(content, ak.contents.NumpyArray) or content.dtype.kind not in "biuf":
        return f"it holds {array.type.content}, not numbers"
    return ""


def _any_name(name: str) -> bool:
    return bool(name)


@contextmanager
def open_any(path: str | Path, tree: str | None = None, wanted: Wanted = _any_name) -> Iterator[Table]:
    """The table of a ROOT (TTree or RNTuple) or Parquet file, of columns whose names are `wanted`.

    FlashSimError for any other file.
    """
    (file,) = one if len(one := expand(path)) == 1 else _several(path, one)
    with file.open("rb") as opened:
        head = opened.read(16)
    if head.startswith(b"root"):
        with _open_root(file, tree, wanted) as table:
            yield table
    elif head.startswith(b"PAR1"):
        if tree is not None:
            raise FlashSimError(f"--tree {tree}: {file} is a Parquet file, which has no trees; leave it out")
        with _open_parquet(file, wanted) as table:
            yield table
    else:
        raise FlashSimError(
            f"{file}: neither ROOT nor Parquet; a card is made from a file of full simulation, with the generator's "
            "columns and the reconstructed ones side by side"
        )


def _several(path: str | Path, files: list[Path]) -> list[Path]:
    raise FlashSimError(f"{path}: {len(files)} files; give one of them, and name the others in the card's [sample]")


@contextmanager
def _open_root(path: Path, tree: str | None, wanted: Wanted) -> Iterator[Table]:
    with open_table(path, tree) as source:
        counting = counters(source)
        names = [name for name in column_names(source) if name not in counting and wanted(name)]
        table = Table(path, int(source.num_entries), lambda name: source[name].array(library="ak"))
        for name in names:
            interpretation = getattr(source[name], "interpretation", None)  # which a field of an RNTuple has not
            if interpretation is not None and not _of_numbers(interpretation):
                table.unread[name] = f"it holds {source[name].typename}, not numbers"
        table.units = _stated_units(path)
        table.sort(names)
        yield table


def _of_numbers(interpretation: Any) -> bool:
    """Whether a branch holds numbers, or lists of them."""
    if not isinstance(interpretation, Interpretation):
        return False  # unknown, as that of a base class
    inner = getattr(interpretation, "content", interpretation)
    return isinstance(inner, uproot.AsDtype) and inner.to_dtype.fields is None and not inner.to_dtype.shape


def _stated_units(path: Path) -> dict[str, str]:
    """Units of the columns of a file that FlashSim wrote."""
    opened: Any = uproot.open(path)
    with opened as file:
        return json.loads(str(file["flashsim"])).get("units", {}) if "flashsim" in file else {}


@contextmanager
def _open_parquet(path: Path, wanted: Wanted) -> Iterator[Table]:
    with open_parquet(path) as file:
        schema = file.schema_arrow
        metadata = (schema.metadata or {}).get(b"flashsim", b"{}")

        def read(name: str) -> ak.Array:
            return _without_options(ak.from_arrow(file.read([name]).column(0)))

        table = Table(path, file.metadata.num_rows, read)
        table.units = json.loads(metadata).get("units", {})
        table.sort([name for name in schema.names if wanted(name)])
        yield table


def _without_options(array: ak.Array) -> ak.Array:
    """The same numbers, or lists of them, not called optional as Arrow does, unless some are missing indeed."""
    if array.ndim > 2 or array.fields or ak.any(ak.is_none(array)):
        return array
    content = array if array.ndim == 1 else ak.flatten(array, axis=1)
    if ak.any(ak.is_none(content)):
        return array
    plain = ak.drop_none(content, axis=0)
    return plain if array.ndim == 1 else ak.unflatten(plain, ak.num(array, axis=1))


def missing(table: Table, name: str, what: str) -> FlashSimError:
    """The error for a name that the user gave and the file lacks."""
    known = [*table.numbers, *(name for _, names in table.groups for name in names)]
    return FlashSimError(f"{what} {name!r}: {table.path} has no such column of numbers{nearest(name, known)}")
