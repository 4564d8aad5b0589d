"""Which kind of file it is, told by the names of its trees and columns."""

from pathlib import Path
from typing import Literal

from flashsim.drafts.collections import NANOAOD, PHYSLITE, Layout
from flashsim.errors import FlashSimError
from flashsim.events import expand
from flashsim.events.parquet_reader import open_parquet
from flashsim.events.root_reader import column_names, open_file, open_table

Like = Literal["nanoaod", "physlite", "flat"]
LAYOUTS: dict[str, Layout] = {"nanoaod": NANOAOD, "physlite": PHYSLITE}


def layout_of(file: str | Path, tree: str | None, like: Like | None) -> Layout | None:
    """The layout of a file, that of `like` or the one its names tell; None for an ntuple of one kind of objects."""
    if like == "flat":
        return None
    paths = expand(file)
    if like is not None:
        return LAYOUTS[like]
    names = _names(paths[0], tree)
    return next((layout for layout in LAYOUTS.values() if _fits(layout, names)), None)


def _fits(layout: Layout, names: set[str]) -> bool:
    """Whether there are generated and reconstructed objects of one of its collections."""
    pairs = ((plan.prefix, truth.prefix) for plan in layout.plans for truth in plan.truths)
    return any(all(any(name.startswith(one) for name in names) for one in pair) for pair in pairs)


def _names(path: Path, tree: str | None) -> set[str]:
    with path.open("rb") as opened:
        head = opened.read(16)
    if head.startswith(b"PAR1"):
        with open_parquet(path) as file:
            return set(file.schema_arrow.names)
    if not head.startswith(b"root"):
        return set()
    tree = tree or _known_tree(path)
    if tree is None:
        return set()
    with open_table(path, tree) as table:
        return set(column_names(table))


def _known_tree(path: Path) -> str | None:
    """The tree of one of the layouts, if the file has it."""
    with open_file(path) as file:
        trees = set(file.keys(cycle=False))
    return next((layout.tree for layout in LAYOUTS.values() if layout.tree in trees), None)


def refuse_patterns(layout: Layout, options: dict[str, object]) -> None:
    """Roles of columns are known in such files: options that tell them are a mistake."""
    for option, value in options.items():
        if value:
            raise FlashSimError(
                f"--{option}: the columns of {layout.name} are known by their names; leave it out, or say --like flat"
            )
