"""How fast the conditions of jets are read from NanoAOD, and how fast whole events are simulated to NanoAOD.

    python benchmarks/nanoaod.py NANOAOD.root [--repeat 100] [--release RELEASE]

The file's events are repeated with other event numbers, in the file's own types and compression, until reading takes
seconds. What is timed of conditions (kinematics, flavours, pile-up, the nearest muons) is what `flashsim simulate` does
before the first network: reading, and the card's rules. With a release of collections, as that of `nanoaod.toml` here,
the whole is timed: generator level read, every collection simulated, NanoAOD written, once to compile and once more. An
object is one that was reconstructed. The only public figure of CMS FlashSim is 33,000 objects/s of one kind on a V100,
without input and output (docs/results.md of its repository).
"""

import argparse
import tempfile
import time
from fnmatch import fnmatchcase
from pathlib import Path

import awkward as ak
import numpy as np
import uproot

from flashsim.api import simulate
from flashsim.card.event_card import GENERATOR_LEVEL
from flashsim.events import ColumnSource, Nearest, read_events, tree_branches

MUONS = "(abs(GenPart_pdgId) == 13) & bit(GenPart_statusFlags, 13)"
NEAREST = [
    Nearest(("GenPart_eta", "GenPart_phi"), ("GenJet_eta", "GenJet_phi"), 1.0, rank=rank, where=MUONS)
    for rank in (1, 2)
]
COLUMNS = {
    name: ColumnSource(f"GenJet_{name}") for name in ("pt", "eta", "phi", "mass", "partonFlavour", "hadronFlavour")
}
COLUMNS |= {"nTrueInt": ColumnSource("Pileup_nTrueInt")}
COLUMNS |= {
    f"muon{rule.rank}_{name}": ColumnSource(source, relation=rule)
    for rule in NEAREST
    for name, source in {"pt": "GenPart_pt", "dr": "dr", "deta": "deta", "dphi": "dphi"}.items()
}


def generator_level(path: Path) -> list[str]:
    """The branches of generator level; their counters follow."""
    known = tree_branches(path, "Events")
    counters = {branch.counter for branch in known.values()} | {"event"}
    return [name for name in known if name not in counters and any(fnmatchcase(name, one) for one in GENERATOR_LEVEL)]


def repeated(path: Path, times: int, output: Path) -> int:
    """Write the generator level of a file so many times, with event numbers of their own; the number of events."""
    known = tree_branches(path, "Events")
    with uproot.open(path) as file:
        once = {name: file["Events"][name].array() for name in generator_level(path)}
    counters = {name: known[name].counter or "" for name in once}
    events = len(once["run"])
    with uproot.recreate(output, compression=uproot.ZSTD(5)) as file:
        types = {"event": "int64"} | {name: array.type.content for name, array in once.items()}
        file.mktree("Events", types, counter_name=counters.__getitem__)
        for start in range(0, times, 50):
            number = min(50, times - start)
            part = {name: ak.concatenate([array] * number) for name, array in once.items()}
            file["Events"].extend(part | {"event": np.arange(start * events, (start + number) * events)})
    return times * events


def time_conditions(path: Path, events: int) -> None:
    """Read the conditions of jets."""
    before, start = time.process_time(), time.perf_counter()
    jets = sum(batch.n_objects for batch in read_events(path, COLUMNS, tree="Events", chunk_events=1000))
    seconds, cpu = time.perf_counter() - start, time.process_time() - before
    print(f"conditions of jets: {events:,} events, {jets:,} jets, {len(COLUMNS)} conditions")
    print(f"  {events / seconds:,.0f} events/s, {jets / seconds:,.0f} jets/s (elapsed)")
    print(f"  {events / cpu:,.0f} events/s, {jets / cpu:,.0f} jets/s (of one core's time)")


def time_whole_events(path: Path, release: Path, folder: Path) -> None:
    """Simulate whole events, from file to file."""
    simulate(release, path, folder / "first.root", first=4096)
    before, start = time.process_time(), time.perf_counter()
    counts = simulate(release, path, folder / "flash.root")
    seconds, cpu = time.perf_counter() - start, time.process_time() - before
    size = (folder / "flash.root").stat().st_size
    print(
        f"whole events: {counts.events:,} events, {counts.reconstructed:,} objects, {size / counts.events:,.0f} B/event"
    )
    for what, number in (("events", counts.events), ("objects", counts.reconstructed)):
        print(f"  {number / seconds:,.0f} {what}/s (elapsed), {number / cpu:,.0f} {what}/s (of one core's time)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--repeat", type=int, default=100)
    parser.add_argument("--release", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "repeated.root"
        events = repeated(options.file, options.repeat, path)
        time_conditions(path, events)
        if options.release is not None:
            time_whole_events(path, options.release, Path(folder))


if __name__ == "__main__":
    main()
