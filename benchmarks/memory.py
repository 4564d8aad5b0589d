"""Peak memory of `flashsim simulate` for 10⁵ and for 10⁷ particles, each in a process of its own.

    python benchmarks/memory.py RELEASE

Particles come from a gun written to Parquet first. Fails (status 1) when the peaks differ by more than 20 %.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

MEASURE = """
import json, resource, sys, time
from flashsim.api import simulate
start = time.perf_counter()
counts = simulate(sys.argv[1], sys.argv[2], sys.argv[3])
print(json.dumps({"seconds": time.perf_counter() - start, "objects": counts.objects,
                  "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
"""
PARTICLES_PER_EVENT = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("release", type=Path)
    parser.add_argument("--particles", type=int, nargs=2, default=[10**5, 10**7])
    parser.add_argument("--output-suffix", default=".parquet", choices=[".parquet", ".root"])
    arguments = parser.parse_args()
    peaks = []
    for particles in arguments.particles:
        with tempfile.TemporaryDirectory() as folder:
            events = Path(folder) / "events.parquet"
            write_gun(events, particles)
            output = Path(folder) / f"flash{arguments.output_suffix}"
            command = [sys.executable, "-c", MEASURE, str(arguments.release), str(events), str(output)]
            measured = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        peaks.append(measured["peak_mb"])
        rate = measured["objects"] / measured["seconds"]
        print(f"{measured['objects']:>12,} particles  peak {measured['peak_mb']:8.1f} MB  {rate:>10,.0f} particles/s")
    growth = peaks[1] / peaks[0] - 1
    print(f"growth {growth:+.1%}")
    sys.exit(abs(growth) > 0.2)


def write_gun(path: Path, particles: int, chunk_events: int = 20_000) -> None:
    """Particles over the spectrometer's range, a row group at a time."""
    random, writer, first = np.random.default_rng(0), None, 0
    while first * PARTICLES_PER_EVENT < particles:
        events = min(chunk_events, particles // PARTICLES_PER_EVENT - first)
        table = gun(random, first, events)
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
        first += events
    writer.close()


def gun(random: np.random.Generator, first: int, events: int) -> pa.Table:
    n = events * PARTICLES_PER_EVENT
    p, eta = np.exp(random.uniform(np.log(1), np.log(80), n)), random.uniform(1.8, 5.0, n)
    phi, vertex = random.uniform(-np.pi, np.pi, n), random.normal(0, 1, (3, events))
    pt = p / np.cosh(eta)
    position = vertex * np.array([[0.04], [0.04], [50.0]])
    columns = {
        "pid": random.choice([11, -11, 13, -13, 211, -211, 321, -321, 2212, -2212], n).astype(np.int32),
        "px": pt * np.cos(phi),
        "py": pt * np.sin(phi),
        "pz": pt * np.sinh(eta),
    } | {f"v{axis}": np.repeat(position[i], PARTICLES_PER_EVENT) for i, axis in enumerate("xyz")}
    numbers = np.repeat(np.arange(first, first + events), PARTICLES_PER_EVENT)
    identity = {"run": np.ones(n, np.int32), "event": numbers}
    return pa.table(identity | {name: v.astype(np.float32) if v.dtype == float else v for name, v in columns.items()})


if __name__ == "__main__":
    main()
