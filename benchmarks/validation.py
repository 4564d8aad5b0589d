"""Time and peak memory of a validation with all metrics, for 10⁶ and for 10⁷ objects of 20 columns.

    python benchmarks/validation.py [--objects 1000000 10000000] [--json FILE]

Correlated columns of 5 conditions and 15 outputs, 10 objects an event, both samples, in blocks that are made on the
way: what is measured is the validation and not a reader. Each size runs in a process of its own. Fails (status 1)
when the larger needs 20 % more memory than the smaller.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from flashsim.validation import StageView, Table, validate_blocks

CONDITIONS, OUTPUTS, PER_EVENT, BLOCK = 5, 15, 10, 200_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--objects", type=int, nargs="+", default=[10**6, 10**7])
    parser.add_argument("--json", type=Path)
    parser.add_argument("--alone", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.alone:
        print(json.dumps(measure(arguments.objects[0])))
        return
    rows = []
    for objects in arguments.objects:
        command = [sys.executable, __file__, "--alone", "--objects", str(objects)]
        output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        rows.append(json.loads(output))
        row = rows[-1]
        print(
            f"{objects:>12,} objects  {row['seconds']:7.1f} s, {row['reading_s']:.1f} s of it to sum them"
            f"  {row['cpu_s']:.0f} s of CPU  peak {row['peak_mb']:7.0f} MB  {row['tests']} tests"
        )
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    sys.exit(rows[-1]["peak_mb"] > 1.2 * rows[0]["peak_mb"])


def measure(objects: int) -> dict[str, float]:
    """Validate so many objects of each sample."""
    start, made = time.perf_counter(), [0.0]
    told: list[tuple[float, str]] = []

    def timed() -> Iterator[list[StageView]]:
        for first in range(0, objects, BLOCK):
            begin = time.perf_counter()
            view = block(first, min(BLOCK, objects - first))
            made[0] += time.perf_counter() - begin
            yield [view]

    def tell(text: str) -> None:
        told.append((time.perf_counter() - start - made[0], text))
        print(f"{told[-1][0]:8.1f} s  {text}", file=sys.stderr)

    metrics = validate_blocks(timed(), {}, "benchmark", {}, false_alarm_rate=0.01, progress=tell).metrics
    seconds = time.perf_counter() - start - made[0]
    return {
        "objects": objects,
        "seconds": seconds,
        "reading_s": next(when for when, text in told if not text.endswith("reading")),
        "cpu_s": sum(resource.getrusage(resource.RUSAGE_SELF)[:2]),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "tests": 0 if metrics.tests is None else len(metrics.tests.entries),
        "verdict": metrics.verdict,  # type: ignore[dict-item]
    }


def block(first: int, rows: int) -> StageView:
    """A block of whole events: conditions that both samples share, and outputs that are correlated with them."""
    random = np.random.default_rng(first)
    event = (first + np.arange(rows)) // PER_EVENT
    conditions = random.standard_normal((rows, CONDITIONS))
    mixing = np.random.default_rng(0).standard_normal((CONDITIONS + OUTPUTS, OUTPUTS)) / 3
    names = [f"c{k}" for k in range(CONDITIONS)], [f"x{k}" for k in range(OUTPUTS)]
    tables = []
    for _ in range(2):
        noise = random.standard_t(5, (rows, OUTPUTS))
        outputs = np.concatenate([conditions, noise], axis=1) @ mixing
        columns = dict(zip(names[0], conditions.T, strict=True)) | dict(zip(names[1], outputs.T, strict=True))
        tables.append(Table(columns, event))
    return StageView("response", "response", tables[0], tables[1], names[0], names[1])


if __name__ == "__main__":
    main()
