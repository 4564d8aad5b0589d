"""The table of all tests."""

from dataclasses import dataclass, field

from flashsim.validation.metrics.measured import Number


@dataclass(frozen=True)
class Test:
    """One line of the table of tests: how unlikely a candidate equal to the reference makes what was measured.

    `p_value` is that of the permutations alone; `adjusted_p_value` accounts for all lines of the table.
    """

    __test__ = False  # for pytest: not a test of the code

    stage: str
    metric: str
    variable: str
    z: Number
    p_value: Number
    adjusted_p_value: Number


@dataclass(frozen=True)
class TestTable:
    """All tests of a validation, most significant first; `false_alarm_rate` is the gate on it, None when not set."""

    __test__ = False

    method: str
    permutations: int
    groups: int
    false_alarm_rate: float | None = None
    entries: list[Test] = field(default_factory=list)
