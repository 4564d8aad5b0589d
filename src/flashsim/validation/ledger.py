"""The tests of one stage, collected while it is measured."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float

from flashsim.validation.metrics import Test, TestTable, number
from flashsim.validation.statistics import GROUPS, adjusted_p_values, normal_deviates

ALL = "all together"
METHOD = (
    "permutation test: the two samples are swapped in random groups of events; p-values are adjusted for the whole"
    " table by the largest deviate of each permutation (Westfall and Young, step-down)"
)


@dataclass
class Ledger:
    """Every statistic of a stage, for what was measured and for every swap; it is 0 or more, large when bad."""

    stage: str
    names: list[tuple[str, str]] = field(default_factory=list)
    statistics: list[Float[np.ndarray, " swaps"]] = field(default_factory=list)

    def enter(self, metric: str, variable: str, statistics: Float[np.ndarray, " swaps"]) -> None:
        """Add a line."""
        self.names.append((metric, variable))
        self.statistics.append(np.asarray(statistics, dtype=np.float64))

    def take(self, others: Iterable["Ledger"]) -> None:
        """Add all lines of others."""
        for other in others:
            self.names += other.names
            self.statistics += other.statistics


def table_of(ledgers: list[Ledger], false_alarm_rate: float | None) -> TestTable:
    """The table of all stages, most significant first."""
    lines = [(ledger.stage, *names) for ledger in ledgers for names in ledger.names]
    statistics = [row for ledger in ledgers for row in ledger.statistics]
    if not lines:
        return TestTable(METHOD, 0, GROUPS, false_alarm_rate)
    deviates = normal_deviates(np.stack(statistics))
    alone, adjusted = adjusted_p_values(deviates)
    tests = [Test(*line, number(deviates[k, 0]), number(alone[k]), number(adjusted[k])) for k, line in enumerate(lines)]
    tests.sort(key=lambda test: (test.adjusted_p_value or 0.0, -(test.z or 0.0)))
    return TestTable(METHOD, deviates.shape[1] - 1, GROUPS, false_alarm_rate, tests)
