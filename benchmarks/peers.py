"""FlashSim beside its peers in one run: the same rows, sizes of networks and batch, on this machine's CPU.

    python benchmarks/peers.py --cache FOLDER

Makes an environment for each peer in FOLDER (some GB, once). Each package is measured in a process of its own,
which waits while another one is measured; all use every core. Rounds alternate between peer and FlashSim, after
a first one that compiles and is not counted; a ratio is the median of those of the rounds.

Rows are those of the batch that a step reads. Both packages make two halves of them, full simulation and the conditions
of generated objects. `a core` is the ratio of rows a second of one core, which other users of the machine change less.
"""

import argparse
import json
import os
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from peers.child import Child, Rate
from peers.data import write_rows
from peers.environments import environment
from simulate import sgemm

BATCH = 2048


@dataclass(frozen=True)
class Comparison:
    """A task of FlashSim, the peer's tasks that do the same (the fastest counts), and the ratio that is aimed at."""

    peer: str
    task: str
    of_peer: tuple[str, ...]
    aim: float


COMPARISONS = (
    Comparison("pidgan", "train bce-gan", ("train bce-gan",), 1.4),
    Comparison("pidgan", "train bce-gan-alp", ("train bce-gan-alp",), 2.0),
    Comparison("pidgan", "train wgan-alp", ("train wgan-alp",), 2.0),
    Comparison("pidgan", "generate", ("generate", "generate in tiles", "call compiled", "call compiled in tiles"), 1.0),
    Comparison("nflows", "sample", ("sample", "sample in tiles"), 20.0),
    Comparison("nflows", "sample in one step", ("sample", "sample in tiles"), 20.0),
)


@dataclass
class Found:
    """Rates of one comparison, one a round."""

    peer: str
    task: str
    aim: float
    peer_rates: list[Rate]
    own_rates: list[Rate]

    @property
    def ratios(self) -> list[float]:
        """FlashSim over the peer by the clock, one a round."""
        return [own.wall / peer.wall for own, peer in zip(self.own_rates, self.peer_rates, strict=True)]

    @property
    def core_ratios(self) -> list[float]:
        """The same for a second of one core."""
        return [own.core / peer.core for own, peer in zip(self.own_rates, self.peer_rates, strict=True)]

    @property
    def numbers(self) -> dict:
        """What JSON can hold."""
        return asdict(self) | {"ratios": self.ratios, "core_ratios": self.core_ratios}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, required=True, help="folder of the peers' environments")
    parser.add_argument("--peers", nargs="+", choices=["pidgan", "nflows"], default=["pidgan", "nflows"])
    parser.add_argument("--seconds", type=float, default=5.0, help="of one measurement, at least")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--python", default=sys.executable, help="interpreter of the peers (TensorFlow: up to 3.12)")
    parser.add_argument("--json", type=Path, help="write the numbers here too")
    arguments = parser.parse_args()
    interpreters = {peer: environment(peer, arguments.cache, arguments.python) for peer in arguments.peers}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        rows, conditions, targets = write_rows(folder / "rows.npz", BATCH)
        print(f"{rows:,} rows of {conditions} conditions and {targets} targets; load {os.getloadavg()[0]:.1f}")
        compiled = {"JAX_COMPILATION_CACHE_DIR": str(folder), "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
        own = stack.enter_context(Child("flashsim", sys.executable, folder / "rows.npz", compiled))
        peers = {
            peer: stack.enter_context(Child(peer, interpreter, folder / "rows.npz"))
            for peer, interpreter in interpreters.items()
        }
        numbers = measure(own, peers, arguments.seconds, arguments.rounds)
    numbers |= {"rows": rows, "conditions": conditions, "targets": targets, "batch": BATCH}
    print_table(numbers)
    if arguments.json:
        arguments.json.write_text(json.dumps(numbers, indent=1) + "\n")


def measure(own: Child, peers: dict[str, Child], seconds: float, rounds: int) -> dict:
    """Round after round; in each, every comparison with the peer and FlashSim one after the other."""
    chosen = [one for one in COMPARISONS if one.peer in peers]
    for one in chosen:
        if one.task not in own.tasks:
            print(f"{one.task}: left out, this version of FlashSim has no such family")
    chosen = [one for one in chosen if one.task in own.tasks]
    fastest = {}
    for one in chosen:  # the round that compiles
        own.rate(one.task, 0)
        peer = peers[one.peer]
        for task in one.of_peer:
            peer.rate(task, 0)
        fastest[one.task] = max(one.of_peer, key=lambda task, peer=peer: peer.rate(task, seconds / 2).wall)
    found = {one.task: Found(one.peer, one.task, one.aim, [], []) for one in chosen}
    products, shares, loads = [], [], []
    for number in range(rounds):
        products.append(sgemm())
        loads.append(os.getloadavg()[0])
        for one in chosen:
            found[one.task].peer_rates.append(peers[one.peer].rate(fastest[one.task], seconds))
            found[one.task].own_rates.append(own.rate(one.task, seconds))
        if "generate" in found:
            without = own.rate("generate without random numbers", seconds)
            shares.append(1 - found["generate"].own_rates[-1].core / without.core)
        print(f"round {number + 1} of {rounds}", file=sys.stderr, flush=True)
    versions = {name: text for child in (own, *peers.values()) for name, text in child.versions.items()}
    return {
        "versions": versions,
        "sgemm_gflops": products,
        "load": loads,
        "random_share": shares,
        "comparisons": [one.numbers for one in found.values()],
    }


def print_table(numbers: dict) -> None:
    print(", ".join(f"{name} {text}" for name, text in numbers["versions"].items()))
    for name, unit in (("sgemm_gflops", "GFLOP/s"), ("load", "")):
        print(f"{name:<20} {spread(numbers[name], '.1f')} {unit}")
    if numbers["random_share"]:
        print(f"{'random_share':<20} {spread(numbers['random_share'], '.2f')} of generation (aim: at most 0.25)")
    print(f"\n{'rows a second':<20} {'peer':>12} {'FlashSim':>12}   {'ratio':<22} {'a core':<8} {'aim':>5}")
    for one in numbers["comparisons"]:
        peer, own = (median(rate.wall for rate in one[side]) for side in ("peer_rates", "own_rates"))
        core = median(one["core_ratios"])
        print(
            f"{one['task']:<20} {peer:>12,.0f} {own:>12,.0f}   {spread(one['ratios'], '.2f'):<22} {core:<8.2f} "
            f"{one['aim']:>5}"
        )


def spread(values: list[float], form: str) -> str:
    """The median, and the lowest and highest."""
    return f"{median(values):{form}} ({min(values):{form}} – {max(values):{form}})"


if __name__ == "__main__":
    main()
