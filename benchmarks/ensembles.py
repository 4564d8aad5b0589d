"""The time of an epoch of an ensemble, beside that of one member alone, in one run.

    python benchmarks/ensembles.py --members 1 8 32 --rows 79872 --json ensembles.json

A flow of the size of the spectrometer's resolution stage (35 conditions, 5 outputs, 3 × 160 neurons, batches of 512) on
synthetic rows. The first epoch, which compiles, does not count; held-out rows do, as in `flashsim train`. The aim is
that 32 members cost at most 4 times one on a GPU.
"""

import argparse
import json
import statistics
from pathlib import Path
from typing import Any

import jax
import numpy as np

from flashsim.card import Training
from flashsim.models import FlowMatching
from flashsim.training import Member, TrainingData, fit_members

CONDITIONS, TARGETS = 35, 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--members", nargs="+", type=int, default=[1, 8, 32])
    parser.add_argument("--rows", type=int, default=79_872, help="rows of an epoch")
    parser.add_argument("--batch", type=int, default=512)
    parser.add_argument("--epochs", type=int, default=5, help="epochs that count")
    parser.add_argument("--json", type=Path, help="write the numbers here too")
    arguments = parser.parse_args()
    device = jax.devices()[0]
    print(f"device: {device.platform} ({device.device_kind}), jax {jax.__version__}", flush=True)
    found: dict[str, Any] = {"device": f"{device.platform} ({device.device_kind})", "rows": arguments.rows}
    seconds = {count: epochs(count, arguments) for count in arguments.members}
    for count, times in seconds.items():
        median = statistics.median(times)
        ratio = median / statistics.median(seconds[arguments.members[0]])
        found[str(count)] = {"seconds": times, "median": median, "ratio": ratio}
        print(
            f"{count:>4} members  {median:8.3f} s an epoch ({min(times):.3f} to {max(times):.3f})  "
            f"{ratio:6.2f} × that of {arguments.members[0]}  {arguments.rows * count / median:>12,.0f} rows/s"
        )
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=1) + "\n")


def epochs(count: int, arguments: argparse.Namespace) -> list[float]:
    """Seconds of each epoch but the first, which compiles."""
    settings = Training(epochs=arguments.epochs + 1, batch=arguments.batch)
    training, validation = data(arguments.rows, 0), data(arguments.rows // 6, 1)
    members = [Member(flow(seed), training, validation, seed) for seed in range(count)]
    _, history = fit_members(members, settings)
    rows = count * (arguments.rows // arguments.batch * arguments.batch)
    return [rows / epoch.rows_per_second for epoch in history[1:]]


def data(rows: int, seed: int) -> TrainingData:
    random = np.random.default_rng(seed)
    conditions = random.normal(size=(rows, CONDITIONS)).astype(np.float32)
    width = np.exp(0.3 * conditions[:, :TARGETS])
    targets = (conditions[:, :TARGETS] + width * random.normal(size=(rows, TARGETS))).astype(np.float32)
    return TrainingData(conditions, targets, np.ones(rows, np.float32))


def flow(seed: int) -> FlowMatching:
    return FlowMatching.create(
        CONDITIONS, TARGETS, width=160, depth=3, solver="midpoint", steps=4, key=jax.random.key(seed)
    )


if __name__ == "__main__":
    main()
