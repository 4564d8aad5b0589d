"""Broken detectors are caught, each by the test that should; a sample against itself is not."""

import runpy
from pathlib import Path

import pytest

from flashsim.validation import Effort

BENCHMARK = runpy.run_path(str(Path(__file__).parents[2] / "benchmarks" / "validation_power.py"))
RATE, FAULTS, compare = BENCHMARK["RATE"], BENCHMARK["FAULTS"], BENCHMARK["compare"]
EVENTS = 2500


EFFORT = Effort(trees=5, epochs=1, rows=10_000, pair_rows=500, shuffled_rows=100, replicas=2, splits=2)


@pytest.mark.parametrize("faults", ["shift+core+correlation+tail+efficiency", "eta+flags"])
def test_every_fault_is_caught_by_the_test_that_should_see_it(faults: str) -> None:
    tests = compare(faults, 1, EVENTS, EFFORT).entries
    seen = {(test.stage, test.metric, test.variable) for test in tests if (test.adjusted_p_value or 0.0) < RATE}
    for fault in (FAULTS[name] for name in faults.split("+")):
        assert (fault.stage, fault.caught_by, fault.variable) in seen, fault.title


def test_a_sample_drawn_again_passes() -> None:
    worst = compare("none", 2, EVENTS // 5, EFFORT).entries[0]
    assert (worst.adjusted_p_value or 0.0) > RATE
