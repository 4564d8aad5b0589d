"""What validation catches: detectors broken on purpose, each by the test that should see it, and false alarms.

    python benchmarks/validation_power.py [--repetitions 200] [--broken 10] [--json FILE]

A toy detector of charged particles: whether they are found, and their response. Reference and candidate have the same
generated particles, as a flash sample has. Each fault is put into the candidate of several samples. Then a sample
is compared with itself, drawn again, 200 times: it may fail as often as the stated rate of false alarms says.
Fails (status 1) when a fault is missed in more than a tenth of its samples, or when the false alarms are more than the
stated rate explains (one in a thousand).
"""

import argparse
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.stats import binom

from flashsim.validation import Effort, StageView, Table, validate_stages
from flashsim.validation.metrics import TestTable

RATE = 0.01
EVENTS, PER_EVENT = 4000, 10


@dataclass(frozen=True)
class Fault:
    """A fault of the candidate; `caught_by` is how the metric that must see it is called, `variable` what it names."""

    title: str
    caught_by: str
    variable: str
    stage: str = "response"


FAULTS = {
    "none": Fault("none", "", ""),
    "shift": Fault("one mean 2 % too high (its width is 20 %)", "centre", "energy"),
    "core": Fault("a core 5 % wider", "width", "dp"),
    "correlation": Fault("a lost correlation of two outputs (0.3)", "rank correlation, worst pair", "all together"),
    "tail": Fault("a missing tail of 1 %", "tails beyond 5 σ", "dx"),
    "eta": Fault("a dependence of the width on η ignored", "profile of the width", "dp in bins of eta"),
    "flags": Fault("two flags drawn independently", "rank correlation, worst pair", "all together"),
    "efficiency": Fault("an efficiency that is 4 % too low", "calibration", "found", "acceptance"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=200, help="Comparisons of a sample with itself.")
    parser.add_argument("--broken", type=int, default=10, help="Samples of every fault.")
    parser.add_argument("--events", type=int, default=EVENTS, help="Events of every sample with a fault.")
    parser.add_argument("--trees", type=int, default=20, help="Trees of the two-sample test.")
    parser.add_argument("--pair-rows", type=int, default=2000, help="Objects of the energy and kernel distances.")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    # Replicas, halves and shuffled rows are for errors, nulls and importances, which no p-value depends on.
    effort = Effort(
        trees=arguments.trees, epochs=2, pair_rows=arguments.pair_rows, shuffled_rows=200, replicas=2, splits=2
    )
    start, found = time.perf_counter(), []
    print("| fault of the candidate | test that should see it | seen | adjusted p-value (median) | table fails |")
    print("| --- | --- | --- | --- | --- |")
    for name in FAULTS:
        if name != "none" and arguments.broken:
            found.append(caught(name, arguments.broken, arguments.events, effort))
            row = found[-1]
            print(
                f"| {row['fault']} | {row['test']} | {row['seen']} of {row['of']} | {row['adjusted_p_value']:.4f} |"
                f" {row['table_fails']} of {row['of']} |",
                flush=True,
            )
    alarms = 0
    for seed in range(arguments.repetitions):
        worst = compare("none", seed + 10_000, arguments.events // 4, effort).entries[0]
        if (worst.adjusted_p_value or 0.0) < RATE:
            alarms += 1
            print(f"\nfalse alarm: {worst}", file=sys.stderr)
        print(f"\r{alarms} false alarms in {seed + 1} comparisons", end="", file=sys.stderr, flush=True)
    allowed = int(binom.isf(1e-3, max(arguments.repetitions, 1), RATE))
    print(f"\n{alarms} false alarms in {arguments.repetitions} comparisons at a rate of {RATE} (at most {allowed})")
    print(f"{time.perf_counter() - start:.0f} s")
    if arguments.json:
        content = {"faults": found, "false_alarms": alarms, "repetitions": arguments.repetitions, "rate": RATE}
        arguments.json.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    missed = any(row["seen"] < 0.9 * row["of"] for row in found)
    sys.exit(missed or alarms > allowed)


def caught(name: str, samples: int, events: int, effort: Effort) -> dict[str, object]:
    """In how many samples with a fault the test that should see it does so."""
    fault, p_values, fails = FAULTS[name], [], 0
    for seed in range(samples):
        tests = compare(name, seed, events, effort)
        line = next(
            test
            for test in tests.entries
            if (test.stage, test.metric, test.variable) == (fault.stage, fault.caught_by, fault.variable)
        )
        p_values.append(line.adjusted_p_value or 0.0)
        fails += (tests.entries[0].adjusted_p_value or 0.0) < RATE
    return {
        "fault": fault.title,
        "test": f"{fault.caught_by}, {fault.variable}",
        "seen": int(np.sum(np.array(p_values) < RATE)),
        "of": samples,
        "adjusted_p_value": float(np.median(p_values)),
        "table_fails": fails,
    }


def compare(faults: str, seed: int, events: int, effort: Effort) -> TestTable:
    """The table of tests of one sample."""
    options = {"false_alarm_rate": RATE, "seed": seed, "effort": effort}
    tests = validate_stages(views(faults, seed, events), {}, faults, {}, **options).tests
    assert tests is not None
    return tests


def views(faults: str, seed: int, events: int = EVENTS) -> list[StageView]:
    """Both stages of the toy: the reference, and a candidate with a fault, or several joined by "+"."""
    broken = faults.split("+")
    random = np.random.default_rng(seed)
    size = events * PER_EVENT
    truth = {"log10(p)": random.normal(0.8, 0.4, size), "eta": random.uniform(2.0, 5.0, size)}
    event = np.repeat(np.arange(events), PER_EVENT)
    found = [draw_found(truth, random, scale=0.96 if "efficiency" in broken and side else 1.0) for side in range(2)]
    outputs = [respond(truth, random, broken if side else []) for side in range(2)]
    acceptance = [Table({**truth, "found": flag.astype(float)}, event) for flag, _ in found]
    response = [Table({**truth, **columns}, event) for columns in outputs]
    probability = found[1][1]
    return [
        StageView(
            "acceptance",
            "category",
            acceptance[0],
            acceptance[1],
            list(truth),
            ["found"],
            classes=[0, 1],
            probability=np.stack([1 - probability, probability], axis=1),
            class_labels={0: "lost", 1: "found"},
        ),
        StageView(
            "response",
            "response",
            response[0],
            response[1],
            list(truth),
            list(outputs[0]),
            types={"muon": "flag", "electron": "flag"},
        ),
    ]


Truth = dict[str, np.ndarray]


def draw_found(truth: Truth, random: np.random.Generator, *, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """Which particles are found, and their probability."""
    probability = scale * 0.95 / (1 + np.exp(-(truth["log10(p)"] - 0.4) / 0.15))
    return random.random(len(probability)) < probability, probability


def respond(truth: Truth, random: np.random.Generator, broken: list[str]) -> Truth:
    """Residuals with a width that grows with η, a tail, a correlation of 0.3, and two flags that go together."""
    size = len(truth["eta"])
    first, second = random.standard_normal((2, size))
    rho = 0.0 if "correlation" in broken else 0.3
    width = 1 + 0.15 * (truth["eta"] - 3.5)
    if "eta" in broken:
        width = np.full(size, np.sqrt(np.mean(width**2)))
    dp = width * first * (1.05 if "core" in broken else 1.0)
    energy = (1.02 if "shift" in broken else 1.0) * (1 + 0.2 * random.standard_normal(size))
    dx = rho * first + np.sqrt(1 - rho**2) * second
    tail = random.random(size) < (0.0 if "tail" in broken else 0.01)
    dx[tail] *= 8
    score = random.standard_normal(size)
    flags = [score, score if "flags" not in broken else random.standard_normal(size)]
    muon, electron = (one + 0.7 * random.standard_normal(size) > 1.0 for one in flags)
    return {"energy": energy, "dp": dp, "dx": dx, "muon": muon.astype(float), "electron": electron.astype(float)}


if __name__ == "__main__":
    main()
