"""How fast the conditions of jets are read from NanoAOD: kinematics, flavours, pile-up and the nearest muons.

    python benchmarks/nanoaod.py NANOAOD.root [--repeat 100]

The file's events are repeated with other event numbers, in the file's own types and compression, until reading
takes seconds. What is timed is what `flashsim simulate` does before the first network: reading, and the card's rules.
"""

import argparse
import tempfile
import time
from pathlib import Path

import awkward as ak
import numpy as np
import uproot

from flashsim.events import ColumnSource, Nearest, read_events

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


def repeated(path: Path, times: int, output: Path) -> int:
    """Write the needed columns of a file so many times, with event numbers of their own; the number of events."""
    with uproot.open(path) as file:
        tree = file["Events"]
        names = sorted({name for source in COLUMNS.values() for name in source.needs})
        once = {name: tree[name].array() for name in ["run", *names]}
    events = len(once["run"])
    with uproot.recreate(output, compression=uproot.ZSTD(5)) as file:
        file.mktree("Events", {"event": "int64"} | {name: array.type.content for name, array in once.items()})
        for start in range(0, times, 50):
            number = min(50, times - start)
            part = {name: ak.concatenate([array] * number) for name, array in once.items()}
            file["Events"].extend(part | {"event": np.arange(start * events, (start + number) * events)})
    return times * events


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--repeat", type=int, default=100)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "repeated.root"
        events = repeated(options.file, options.repeat, path)
        before, start = time.process_time(), time.perf_counter()
        jets = sum(batch.n_objects for batch in read_events(path, COLUMNS, tree="Events", chunk_events=1000))
        seconds, cpu = time.perf_counter() - start, time.process_time() - before
    print(f"{events:,} events, {jets:,} jets, {len(COLUMNS)} conditions")
    print(f"{events / seconds:,.0f} events/s, {jets / seconds:,.0f} jets/s (elapsed)")
    print(f"{events / cpu:,.0f} events/s, {jets / cpu:,.0f} jets/s (of one core's time)")


if __name__ == "__main__":
    main()
