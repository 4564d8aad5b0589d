"""What is measured on all variables of a stage together."""

from dataclasses import dataclass

from flashsim.validation.metrics.measured import Grid, Measured, Number


@dataclass(frozen=True)
class JointMetric:
    """One number for all variables of a stage together.

    `null` is the same between two halves of the reference, scaled to the sizes compared. `p_value` and
    `adjusted_p_value` are those of its line in the table of tests; `remark` says on how many objects it was
    measured, `reference` where it is from.
    """

    name: str
    title: str
    value: Measured
    null: Measured
    over_null: Measured
    p_value: Number
    adjusted_p_value: Number
    remark: str = ""
    reference: str = ""


@dataclass(frozen=True)
class Correlations:
    """Correlations or covariances of conditions and outputs: reference, and candidate minus reference."""

    names: list[str]
    reference: Grid
    difference: Grid
    largest: Measured
    largest_pair: list[str]
