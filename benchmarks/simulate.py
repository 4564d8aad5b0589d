"""Tracks a second through all stages, beside this machine's own float32 matrix product, in one run.

    python benchmarks/simulate.py RELEASE EVENTS.parquet

Prints a table, and the same as JSON with --json FILE. Everything is measured in this one process: the
matrix product (NumPy's BLAS), the stages in memory, and the stages with reading and writing.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np

from flashsim.api import simulate
from flashsim.events import EventBatch, read_events
from flashsim.models import Generator, Standardised
from flashsim.nets import MLP
from flashsim.release import Detector, load
from flashsim.simulation import simulate_blocks
from flashsim.training import truth_sources


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("release", type=Path)
    parser.add_argument("events", type=Path)
    parser.add_argument("--copies", type=int, default=30, help="how often each event is simulated")
    parser.add_argument("--json", type=Path, help="write the numbers here too")
    arguments = parser.parse_args()
    detector = load(arguments.release)
    batches = list(read_events(arguments.events, truth_sources(detector.card)))
    numbers = {"sgemm_gflops": sgemm()}
    numbers |= in_memory(detector, batches, arguments.copies)
    numbers["share_of_sgemm"] = numbers["stage_gflops"] / numbers["sgemm_gflops"]
    numbers |= end_to_end(detector, arguments.events, arguments.copies)
    for name, value in numbers.items():
        print(f"{name:<32} {value:>14,.3f}")
    if arguments.json:
        arguments.json.write_text(json.dumps(numbers, indent=1) + "\n")


def sgemm(size: int = 2048, repeats: int = 10) -> float:
    """GFLOP/s of a float32 matrix product of NumPy on all cores, the best of some."""
    a = np.ones((size, size), np.float32)
    rates = []
    for _ in range(repeats):
        start = time.perf_counter()
        a @ a
        rates.append(2 * size**3 / (time.perf_counter() - start) / 1e9)
    return max(rates)


def flops_of_network(network: MLP) -> int:
    return 2 * sum(weight.size for weight in network.weights)


def flops_an_object(trained) -> float:
    """Multiplications and additions of the networks alone, for one object of a stage."""
    model = trained.response.model
    if isinstance(model, Standardised) and isinstance(model.model, Generator):
        return flops_of_network(model.base.net) + flops_of_network(model.model.net)
    if isinstance(model, Standardised):
        flow = model.model
        evaluations = len(flow.times) if flow.solver != "heun" else 2 * flow.steps
        # The conditions' share of the first layer is computed once an object, not once an evaluation.
        conditions = 2 * trained.response.conditions.width_latent * flow.velocity.weights[0].shape[1]
        evaluation = flops_of_network(flow.velocity) - conditions
        return flops_of_network(model.base.net) + conditions + evaluations * evaluation
    return flops_of_network(model.net)


def in_memory(detector: Detector, batches: list[EventBatch], copies: int) -> dict[str, float]:
    for _ in simulate_blocks(detector, batches[:2]):
        pass  # compiles
    start, particles, tracks, flops = time.perf_counter(), 0, 0, 0.0
    for simulated in simulate_blocks(detector, batches, copies=copies):
        particles += simulated.block.batch.n_objects
        tracks += int(simulated.namespace.selected(detector.card.output.where).sum())
        for trained in detector.stages:
            flops += flops_an_object(trained) * simulated.selected[trained.stage.name].sum()
    seconds = time.perf_counter() - start
    return {
        "memory_particles_per_second": particles / seconds,
        "memory_tracks_per_second": tracks / seconds,
        "stage_gflops": flops / seconds / 1e9,
    }


def end_to_end(detector: Detector, events: Path, copies: int) -> dict[str, float]:
    numbers = {}
    for suffix in (".parquet", ".root"):
        with tempfile.TemporaryDirectory() as folder:
            start = time.perf_counter()
            counts = simulate(detector, events, Path(folder) / f"flash{suffix}", oversample=copies)
            seconds = time.perf_counter() - start
        numbers[f"end_to_end_particles_per_second{suffix}"] = counts.simulated / seconds
        numbers[f"end_to_end_tracks_per_second{suffix}"] = counts.reconstructed / seconds
    return numbers


if __name__ == "__main__":
    main()
