"""Time and peak memory of a validation with all metrics, for 10⁶ and for 10⁷ objects of 20 columns.

    python benchmarks/validation.py [--verb metrics|compare|validate] [--objects 1000000 10000000] [--json FILE]

`metrics`: correlated columns of 5 conditions and 15 outputs, 10 objects an event, both samples, in blocks that are
made on the way, so that the validation is measured and not a reader. `compare`: the same columns in two Parquet files,
through `flashsim.compare` with its page. `validate`: `flashsim.validate` of the release --release on its own test
part, repeated under new event numbers. Each size runs in a process of its own. Fails (status 1) when the largest needs
20 % more memory than the smallest.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import flashsim
from flashsim.card import card_from_dict
from flashsim.experiments.spectrometer import CARD as SPECTROMETER
from flashsim.validation import Metrics, StageView, Table, validate_blocks

CONDITIONS, OUTPUTS, PER_EVENT, BLOCK = 5, 15, 10, 200_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--objects", type=int, nargs="+", default=[10**6, 10**7])
    parser.add_argument("--verb", choices=("metrics", "compare", "validate"), default="metrics")
    parser.add_argument("--release", type=Path, help="Of the spectrometer, for `validate`.")
    parser.add_argument("--folder", type=Path, default=Path("validation-samples"), help="For the files of the verbs.")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--alone", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.alone:
        print(json.dumps(measured(arguments)))
        return
    rows = []
    for objects in arguments.objects:
        if arguments.verb != "metrics":
            write_samples(arguments.verb, objects, arguments.folder)
        command = [sys.executable, __file__, "--alone", "--objects", str(objects), "--verb", arguments.verb]
        command += ["--folder", str(arguments.folder), "--release", str(arguments.release)]
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


def measured(arguments: argparse.Namespace) -> dict[str, Any]:
    """One size, in this process."""
    if arguments.verb == "metrics":
        return measure(arguments.objects[0])
    start, told = time.perf_counter(), []

    def tell(text: str) -> None:
        told.append((time.perf_counter() - start, text))
        print(f"{told[-1][0]:8.1f} s  {text}", file=sys.stderr)

    folder, options = arguments.folder, {"overwrite": True, "progress": tell}
    if arguments.verb == "compare":
        files = folder / "reference.parquet", folder / "candidate.parquet"
        metrics = flashsim.compare(*files, folder / "report", card=card_from_dict(CARD), **options)
    else:
        sample = [folder / "sample.parquet"]
        metrics = flashsim.validate(arguments.release, folder / "report", sample=sample, **options)
    return results(arguments.objects[0], metrics, time.perf_counter() - start, told)


def results(objects: int, metrics: Metrics, seconds: float, told: list[tuple[float, str]]) -> dict[str, Any]:
    """What one run came to."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "objects": objects,
        "seconds": seconds,
        "reading_s": next(when for when, text in told if not text.endswith("reading")),
        "cpu_s": sum(used[:2]),
        "peak_mb": used.ru_maxrss / 1024,
        "tests": 0 if metrics.tests is None else len(metrics.tests.entries),
        "verdict": metrics.verdict,
    }


def measure(objects: int) -> dict[str, Any]:
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
    return results(objects, metrics, seconds, told)


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


def write_samples(verb: str, objects: int, folder: Path) -> None:
    """The files that the verb reads, block by block."""
    folder.mkdir(parents=True, exist_ok=True)
    if verb == "compare":
        with ExitStack() as open_files:
            writers: list[pq.ParquetWriter] = []
            for first in range(0, objects, BLOCK):
                view = block(first, min(BLOCK, objects - first))
                for k, table in enumerate((view.reference, view.candidate)):
                    columns = {name: values.astype(np.float32) for name, values in table.columns.items()}
                    rows = pa.table({"run": np.ones(len(table), np.int32), "event": table.event} | columns)
                    if len(writers) == k:
                        path = folder / ("reference.parquet", "candidate.parquet")[k]
                        writers.append(open_files.enter_context(pq.ParquetWriter(path, rows.schema)))
                    writers[k].write_table(rows)
        return
    test = pq.read_table(SPECTROMETER.parent / "sample" / "test.parquet")
    with pq.ParquetWriter(folder / "sample.parquet", test.schema) as writer:
        written, event = 0, test.schema.get_field_index("event")
        step = int(np.max(np.asarray(test["event"]))) + 1
        for number in range(-(-objects // len(test))):
            repeated = pa.array(np.asarray(test["event"]) + number * step, test.schema.field("event").type)
            writer.write_table(test.set_column(event, "event", repeated).slice(0, objects - written))
            written += len(test)


CARD = {
    "schema": 1,
    "name": "benchmark",
    "columns": {f"c{k}": "" for k in range(CONDITIONS)} | {f"x{k}": "" for k in range(OUTPUTS)},
    "compare": {
        "response": {
            "conditions": [f"c{k}" for k in range(CONDITIONS)],
            "variables": [f"x{k}" for k in range(OUTPUTS)],
        }
    },
}


if __name__ == "__main__":
    main()
