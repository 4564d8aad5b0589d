"""The reference sample: events like NanoAOD in one ROOT file."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pyarrow as pa

from flashsim.errors import FlashSimError
from flashsim.events.pinned import pinned_root
from flashsim.experiments.cms_nanoaod.processes import MIXTURE
from flashsim.experiments.cms_nanoaod.recipe import NanoEvents
from flashsim.experiments.production import produce
from flashsim.files import synchronise

TREE = "Events"
_GROUP = 2000  # events in a basket, at least


def make_jets(
    events: int,
    output: str | Path,
    *,
    seed: int = 0,
    run: int = 1,
    workers: int | None = None,
    processes: Sequence[str] = (),
    progress: bool = True,
) -> Path:
    """Make so many events like NanoAOD; the bytes do not depend on the number of workers.

    With `processes` (names of `processes.PROCESSES`) they are of these in equal parts, in place of the usual mixture.
    Samples that are used together need different `run` numbers and seeds. Finished chunks wait in ``<output>.part``;
    the same call goes on from there after any interruption.
    """
    shares = dict.fromkeys(processes, 1 / len(set(processes))) if processes else MIXTURE
    recipe = NanoEvents(seed, shares)
    return produce(recipe, events, output, seed=seed, run=run, workers=workers, progress=progress, write=write_nanoaod)


def write_nanoaod(path: Path, tables: Iterator[pa.Table], provenance: dict[str, Any]) -> None:
    """A TTree `Events`, written beside its final name and moved there; `flashsim` holds where it comes from."""
    unfinished = path.with_name(path.name + ".unfinished")
    try:
        with unfinished.open("wb+") as stream, pinned_root(stream) as file:
            file["flashsim"] = json.dumps(provenance, sort_keys=True)
            tree: Any = None
            for table in _groups(tables):
                branches = _branches(table)
                if tree is None:
                    kinds = {name: values.type.content for name, values in branches.items()}
                    tree = file.mktree(TREE, kinds, initial_basket_capacity=20)
                tree.extend(branches)
        synchronise(unfinished)
        unfinished.replace(path)
    except OSError as error:
        raise FlashSimError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        unfinished.unlink(missing_ok=True)


def _groups(tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
    waiting: list[pa.Table] = []
    for table in tables:
        waiting.append(table)
        if sum(len(one) for one in waiting) >= _GROUP:
            yield pa.concat_tables(waiting)
            waiting = []
    if waiting:
        yield pa.concat_tables(waiting)


def _branches(table: pa.Table) -> dict[str, ak.Array]:
    """Lists of one name (``Jet_pt``, ``Jet_eta``, …) together, as they share their counter ``nJet``."""
    table = table.combine_chunks()
    lists: dict[str, dict[str, ak.Array]] = {}
    found: dict[str, ak.Array] = {}
    for name in table.column_names:
        column = table[name]
        if pa.types.is_list(column.type):
            whole = column.chunk(0)
            counts = np.diff(whole.offsets.to_numpy())
            collection, _, field = name.partition("_")
            values = whole.flatten().to_numpy(zero_copy_only=False)
            lists.setdefault(collection, {})[field] = ak.unflatten(values, counts)
        else:
            found[name] = ak.from_numpy(column.to_numpy())
    return found | {name: ak.zip(fields) for name, fields in lists.items()}
