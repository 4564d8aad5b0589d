"""From HepMC to tracks, beside SQLamarr in one run: the same files of LHCb collisions, on this machine's CPU.

    python benchmarks/lhcb.py RELEASE --cache FOLDER --data FOLDER

Makes SQLamarr's environment in the cache, once. RELEASE is a trained one of the spectrometer (`flashsim demo`). The
data are evt0.mc2, evt5.mc2 and evt7.mc2 of SQLamarr's example, 10 collisions; by default in the folder FLASHSIM_DATA.

Both read the text of the files, simulate, and keep tracks with their covariances: FlashSim in a Parquet file, SQLamarr
in its database. Each is measured in a process of its own, which waits while the other one is measured. What compiles
is left out. `a core` counts for a second of one core: SQLamarr uses one, FlashSim all.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from peers.child import Child, Rate
from peers.environments import environment
from peers.table import spread

FILES = {"evt0.mc2": 3, "evt5.mc2": 6, "evt7.mc2": 1}
"""And their collisions."""
COLLISIONS = sum(FILES.values())
AIM = 200


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("release", type=Path, help="of the spectrometer")
    parser.add_argument("--cache", type=Path, required=True, help="folder of the peer's environment")
    parser.add_argument("--data", type=Path, default=os.environ.get("FLASHSIM_DATA"), help="folder of the files")
    parser.add_argument("--copies", type=int, default=50, help="how often FlashSim's list names each file")
    parser.add_argument("--seconds", type=float, default=5.0, help="of one measurement, at least")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--python", default=sys.executable, help="interpreter of the peer")
    parser.add_argument("--json", type=Path, help="write the numbers here too")
    arguments = parser.parse_args()
    if arguments.data is None:
        parser.error("name the folder of evt0.mc2, evt5.mc2 and evt7.mc2: --data FOLDER, or FLASHSIM_DATA")
    files = [(arguments.data / name).resolve() for name in FILES]
    interpreter = environment("sqlamarr", arguments.cache, arguments.python)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        about = {
            "files": [str(file) for file in files],
            "collisions": COLLISIONS,
            "copies": arguments.copies,
            "release": str(arguments.release.resolve()),
            "library": str(networks(folder)),
        }
        (folder / "about.json").write_text(json.dumps(about))
        own = stack.enter_context(Child("flashsim_chain", sys.executable, folder / "about.json"))
        peer = stack.enter_context(Child("sqlamarr", interpreter, folder / "about.json"))
        numbers = measure(own, peer, arguments.seconds, arguments.rounds)
    numbers["bytes_a_collision"] = sum(file.stat().st_size for file in files) / COLLISIONS
    print_table(numbers)
    if arguments.json:
        arguments.json.write_text(json.dumps(numbers, indent=1) + "\n")


def networks(folder: Path) -> Path:
    """The peer's models are not public: networks of the published sizes, compiled as those were."""
    library, source = folder / "networks.so", Path(__file__).parent / "peers" / "networks.c"
    subprocess.run(["cc", "-shared", "-fPIC", "-O3", "-o", str(library), str(source), "-lm"], check=True)
    return library


def measure(own: Child, peer: Child, seconds: float, rounds: int) -> dict:
    """Round after round, every task of both, one after the other; what compiles first is not counted."""
    tracks = {child.name: child.rate("tracks", 0).wall for child in (own, peer)}
    tasks = [(child, task) for child in (peer, own) for task in child.tasks if task != "tracks"]
    rates: dict[str, list[Rate]] = {f"{child.name}: {task}": [] for child, task in tasks}
    for child, task in tasks:
        child.rate(task, 0)
    loads = []
    for number in range(rounds):
        loads.append(os.getloadavg()[0])
        for child, task in tasks:
            rates[f"{child.name}: {task}"].append(child.rate(task, seconds))
        print(f"round {number + 1} of {rounds}", file=sys.stderr, flush=True)
    return {"versions": own.versions | peer.versions, "load": loads, "tracks": tracks, "rates": rates}


def print_table(numbers: dict) -> None:
    print(", ".join(f"{name} {text}" for name, text in numbers["versions"].items()))
    print(f"load {spread(numbers['load'], '.1f')}; {COLLISIONS} collisions, tracks of them: {numbers['tracks']}")
    rates = numbers["rates"]
    print(f"\n{'':<36} {'collisions/s':>26} {'a core':>8} {'tracks/s':>10} {'MB/s read':>10}")
    for name, found in rates.items():
        collisions, core = median(rate.wall for rate in found), median(rate.core for rate in found)
        tracks = numbers["tracks"][name.partition(":")[0]] / COLLISIONS * collisions
        shown = "" if name.endswith(("read", "without networks")) else f"{tracks:,.0f}"
        print(
            f"{name:<36} {spread([rate.wall for rate in found], '.1f'):>26} {core:>8.1f} {shown:>10} "
            f"{collisions * numbers['bytes_a_collision'] / 1e6:>10.1f}"
        )
    for task in ("simulate", "simulate without networks"):
        own, peer = rates["flashsim_chain: simulate"], rates[f"sqlamarr: {task}"]
        walls = [one.wall / other.wall for one, other in zip(own, peer, strict=True)]
        cores = [one.core / other.core for one, other in zip(own, peer, strict=True)]
        print(f"ratio to {task:<28} {spread(walls, '.0f')}, a core {median(cores):.0f} (aim: {AIM})")


if __name__ == "__main__":
    main()
