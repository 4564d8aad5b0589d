"""From generated events to a file of whole events: what is kept of the input, and what a chain of detectors draws."""

from collections.abc import Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np

from flashsim.card import branch_of
from flashsim.errors import FlashSimError
from flashsim.events import (
    COPY,
    Branch,
    NanoLayout,
    OutputBatch,
    OutputSchema,
    Writer,
    as_collections,
    open_nanoaod,
    read_other_trees,
    tree_branches,
)
from flashsim.files import refuse_existing
from flashsim.release import EventDetector
from flashsim.simulation.event_blocks import EVENTS, EventBlock, event_blocks
from flashsim.simulation.event_chain import MEMBER, OUTSIDE, Chain
from flashsim.simulation.job import Job, Report, finish
from flashsim.simulation.produce import Request, described
from flashsim.simulation.unfinished import Counts


def produce_events(
    detector: EventDetector,
    files: Sequence[Path],
    output: Path,
    request: Request,
    *,
    workers: int | None = None,
    chunk_events: int = 8192,
    report: Report | None = None,
) -> Counts:
    """Simulate the whole events of NanoAOD and write NanoAOD; return what it came to.

    Of the input what `event.keep` of the card names is written as it is, with the trees beside the events. A run
    that was killed goes on as that of `produce`.
    """
    refuse_existing(output)
    if output.suffix != ".root":
        raise FlashSimError(f"{output}: whole events are written as NanoAOD, a TTree in a file named *.root")
    tree, identity = _place_of_events(detector)
    known = tree_branches(files[0], tree)
    chain = Chain(detector, known, files[0])
    kept = kept_branches(chain, identity)
    names = list(dict.fromkeys([*identity, *kept, *chain.needed]))
    others, left_out = read_other_trees(files, tree)
    record = described(request) | {"release": detector.hash, "card": detector.name}
    metadata = record | {"left_out": left_out}

    def complete(block: EventBlock, drawn: OutputBatch) -> OutputBatch:
        lists = {name: block.rows.lists[name] for name in kept if name in block.rows.lists}
        numbers = {name: block.rows.numbers[name] for name in kept if name in block.rows.numbers}
        collections = as_collections(lists, known) | dict(drawn.collections)
        return replace(drawn, collections=collections, more=numbers | dict(drawn.more))

    def opened(first: OutputBatch) -> Writer:
        layout = NanoLayout(tree or "Events", identity, _described(chain), others)
        return open_nanoaod(output, OutputSchema.of(first), metadata, layout)

    job = Job(
        output,
        record | {"block": EVENTS, "events": request.events},
        lambda block: chain.simulate(block, request.seed),
        opened,
        complete,
    )
    blocks = event_blocks(
        files, tree, identity, names, copies=request.copies, first=request.first, chunk_events=chunk_events
    )
    return finish(job, blocks, workers=workers, report=report)


def kept_branches(chain: Chain, identity: tuple[str, str]) -> list[str]:
    """What is written of the input: what a pattern of the card names, and no collection draws.

    Run and event are always written, counters with their lists.
    """
    counters = {branch.counter for branch in chain.known.values()}
    patterns = chain.detector.event.keep
    return [
        name
        for name in chain.known
        if name not in counters
        and name not in identity
        and not chain.is_drawn(name)
        and any(fnmatchcase(name, pattern) for pattern in patterns)
    ]


def _place_of_events(detector: EventDetector) -> tuple[str | None, tuple[str, str]]:
    """The tree of the events and the branches that identify them: those of the sample, which all collections share."""
    sample = next(iter(detector.detectors.values())).card.sample
    return sample.tree, sample.event


def _described(chain: Chain) -> dict[str, Branch]:
    """Types, titles and counters: of what is kept as in the input, of what is drawn as in the sample."""
    drawn = {name: branch for name, branch in chain.detector.branches.items() if chain.is_drawn(name)}
    flag = Branch(np.dtype(bool), "simulated outside the training range of a stage")
    own = {branch_of(name, OUTSIDE): flag for name in chain.drawn_names}
    own |= {COPY: Branch(np.dtype(np.int32), "which simulation of the generated event this is, from 0")}
    number = Branch(np.dtype(np.int32), "which member of the ensembles simulated the event")
    own |= {f"{MEMBER}_{name}": number for name in chain.detector.detectors}
    return {name: branch for name, branch in chain.known.items() if not chain.is_drawn(name)} | drawn | own
