"""Whole events of a TTree: any of its branches, in their own types and with their titles."""

import re
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from uproot.behaviors.TTree import TTree
from uproot.interpretation.jagged import AsJagged
from uproot.interpretation.numerical import AsDtype

from flashsim.errors import FlashSimError

from .flat import unequal_error
from .relations import Lists
from .root_reader import open_file, open_table
from .source import missing_column
from .tree_rows import Branch, TreeRows

_OTHER_ROWS = 1 << 16


def has_tree(path: Path, tree: str | None) -> bool:
    """Whether a file is a ROOT file with this TTree, or with one alone."""
    with path.open("rb") as file:
        if not file.read(4).startswith(b"root"):
            return False
    with open_table(path, tree) as table:
        return isinstance(table, TTree)


def tree_branches(path: Path, tree: str | None) -> dict[str, Branch]:
    """The branches of a TTree that hold numbers or lists of numbers, in the order of the file.

    Others, of text or nested lists, are not among them. The counter of ``Jet_pt`` is ``nJet`` if the file has that;
    counters of single branches, as ``nJet_pt``, which some programs write, are left out then.
    """
    if not path.is_file() or not has_tree(path, tree):
        raise FlashSimError(
            f"{path}: whole events are read from a TTree of a ROOT file, as NanoAOD is, and this holds none; convert it"
        )
    with open_table(path, tree) as table:
        return _branches(table, path)


def read_rows(path: Path, tree: str | None, names: Sequence[str], chunk: int) -> Iterator[tuple[int, TreeRows]]:
    """These branches of a TTree, `chunk` rows at a time, each piece with the row that it starts at.

    FlashSimError for a branch that is not there, or that holds neither numbers nor lists of numbers.
    """
    with open_table(path, tree) as table:
        known = _branches(table, path)
        for name in names:
            _require(name, known, table, path)
        for start in range(0, table.num_entries, chunk):
            yield start, _rows(table, names, known, path, start, min(start + chunk, table.num_entries))


@dataclass(frozen=True)
class OtherTree:
    """A TTree beside the events, as ``Runs``: its title, its branches and all its rows."""

    title: str
    branches: dict[str, Branch]
    rows: TreeRows


def read_other_trees(paths: Sequence[Path], tree: str | None) -> tuple[dict[str, OtherTree], list[str]]:
    """The TTrees beside the events of all files, rows of the same name one after the other; and what was left out.

    That is what holds neither numbers nor lists of numbers, and branches or trees that not all files have.
    """
    found: dict[str, list[OtherTree]] = {}
    left_out: list[str] = []
    for path in paths:
        for name, other in _others(path, tree, left_out):
            found.setdefault(name, []).append(other)
    joined: dict[str, OtherTree] = {}
    for name, parts in found.items():
        common = [branch for branch in parts[0].branches if all(branch in part.branches for part in parts)]
        left_out += sorted({f"{name}.{branch}" for part in parts for branch in part.branches.keys() - set(common)})
        if not common:
            continue
        rows = TreeRows.concatenate([_only(part.rows, common) for part in parts])
        joined[name] = OtherTree(parts[0].title, {branch: parts[0].branches[branch] for branch in common}, rows)
    return joined, list(dict.fromkeys(left_out))


def _others(path: Path, tree: str | None, left_out: list[str]) -> Iterator[tuple[str, OtherTree]]:
    with open_file(path) as file:
        for name, kind in file.classnames(recursive=False, cycle=False).items():
            if kind != "TTree" or name == tree:
                continue
            table: Any = file[name]
            branches = _branches(table, path)
            counters = {branch.counter for branch in branches.values()}
            names = [branch for branch in branches if branch not in counters]
            left_out += [f"{name}.{branch.name}" for branch in table.branches if _kind(branch) is None]
            if not names:
                continue
            starts = range(0, max(1, table.num_entries), _OTHER_ROWS)
            stops = [min(start + _OTHER_ROWS, table.num_entries) for start in starts]
            rows = [_rows(table, names, branches, path, *edges) for edges in zip(starts, stops, strict=True)]
            yield name, OtherTree(str(table.title), branches, TreeRows.concatenate(rows))


def _only(rows: TreeRows, names: Container[str]) -> TreeRows:
    numbers = {name: values for name, values in rows.numbers.items() if name in names}
    return TreeRows(rows.length, numbers, {name: values for name, values in rows.lists.items() if name in names})


def _branches(table: Any, path: Path) -> dict[str, Branch]:
    # Of a split object, as containers of xAOD are, also its members.
    branches = [one for branch in table.branches for one in (branch, *branch.branches)]
    kinds = {branch.name: kind for branch in branches if (kind := _kind(branch)) is not None}
    plain = {name for name, (dtype, jagged) in kinds.items() if not jagged and dtype.kind in "iu"}
    found: dict[str, Branch] = {}
    replaced: set[str] = set()
    for branch in branches:
        if branch.name not in kinds:
            continue
        dtype, jagged = kinds[branch.name]
        counter = None
        if jagged:
            counter = _counter(branch.name, plain) or _named_counter(branch)
            replaced |= {_named_counter(branch)} - {counter}
        found[branch.name] = Branch(dtype, _title(branch), counter)
    used = {branch.counter for branch in found.values()}
    return {name: branch for name, branch in found.items() if name not in replaced - used}


def _kind(branch: Any) -> tuple[np.dtype, bool] | None:
    """The type of the numbers of a branch, and whether they are lists; None for anything else."""
    interpretation = branch.interpretation
    jagged = isinstance(interpretation, AsJagged)
    content = interpretation.content if isinstance(interpretation, AsJagged) else interpretation
    if not isinstance(content, AsDtype) or content.to_dtype.subdtype is not None or content.to_dtype.fields:
        return None
    dtype = content.to_dtype.newbyteorder("=")
    return (dtype, jagged) if dtype.kind in "biuf" and dtype.itemsize <= 8 else None


def _counter(name: str, plain: Container[str]) -> str | None:
    """The number of objects that lists of this name are about: ``nJet`` of ``Jet_pt``, by the shortest beginning."""
    parts = name.split("_")
    beginnings = ("_".join(parts[:length]) for length in range(1, len(parts) + 1))
    return next((f"n{beginning}" for beginning in beginnings if f"n{beginning}" in plain), None)


def _named_counter(branch: Any) -> str:
    """The counter that a list names itself; one that is not `n…`, as links of xAOD have it, is none that we write."""
    counted = getattr(branch, "count_branch", None)
    is_ours = counted is not None and str(counted.name).startswith("n")
    return str(counted.name) if counted is not None and is_ours else f"n{branch.name}"


def _title(branch: Any) -> str:
    """Its title, unless that says but the type, as ``Jet_pt[nJet]/F``."""
    title = str(branch.title)
    return "" if re.fullmatch(re.escape(branch.name) + r"(\[\w+\])*(/\w)?", title) else title


def _require(name: str, known: Mapping[str, Branch], table: Any, path: Path) -> None:
    if name in known:
        return
    if name in table:
        raise FlashSimError(f"{path}: branch {name!r} holds {table[name].typename}; FlashSim reads numbers and lists")
    raise missing_column(name, known, path)


def _rows(table: Any, names: Sequence[str], known: Mapping[str, Branch], path: Path, start: int, stop: int) -> TreeRows:
    arrays = table.arrays(list(names), entry_start=start, entry_stop=stop, library="ak", how=dict, array_cache=None)
    numbers: dict[str, np.ndarray] = {}
    lists: dict[str, Lists] = {}
    offsets_of: dict[str, tuple[str, np.ndarray]] = {}
    for name in names:
        layout = arrays[name].layout
        counter = known[name].counter
        if counter is None:
            numbers[name] = np.asarray(layout.data)
            continue
        own, values = _list(layout)
        first, offsets = offsets_of.setdefault(counter, (name, own))
        if not np.array_equal(offsets, own):
            raise unequal_error(path, first, name, offsets, own, start)
        lists[name] = Lists(offsets, values)
    return TreeRows(stop - start, numbers, lists)


def _list(layout: Any) -> tuple[np.ndarray, np.ndarray]:
    offsets = np.asarray(layout.offsets).astype(np.int64)
    return offsets - offsets[0], np.asarray(layout.content.data)[offsets[0] : offsets[-1]]
