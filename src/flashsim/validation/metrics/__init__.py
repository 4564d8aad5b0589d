"""What validation measured, as plain dataclasses, and ``metrics.json``: written and read."""

from flashsim.validation.metrics.categories import (
    CalibrationMetrics,
    ClassFraction,
    EfficiencyMap,
    EfficiencyMetrics,
    Reliability,
)
from flashsim.validation.metrics.file import read_metrics
from flashsim.validation.metrics.joint import Correlations, JointMetric
from flashsim.validation.metrics.measured import Distance, Grid, Measured, Number, number
from flashsim.validation.metrics.table import Test, TestTable
from flashsim.validation.metrics.two_sample import Importance, Range, Region, TwoSample
from flashsim.validation.metrics.variables import EventQuantity, Profile, Pull, Tail, VariableMetrics
from flashsim.validation.metrics.whole import SCHEMA, GateResult, ImpossibleCount, Metrics, StageMetrics, Verdict

__all__ = [
    "SCHEMA",
    "CalibrationMetrics",
    "ClassFraction",
    "Correlations",
    "Distance",
    "EfficiencyMap",
    "EfficiencyMetrics",
    "EventQuantity",
    "GateResult",
    "Grid",
    "Importance",
    "ImpossibleCount",
    "JointMetric",
    "Measured",
    "Metrics",
    "Number",
    "Profile",
    "Pull",
    "Range",
    "Region",
    "Reliability",
    "StageMetrics",
    "Tail",
    "Test",
    "TestTable",
    "TwoSample",
    "VariableMetrics",
    "Verdict",
    "number",
    "read_metrics",
]
