"""The numbers that are held against a limit, and where they are."""

from dataclasses import dataclass

from flashsim.validation.gates.limits import DEVIATIONS
from flashsim.validation.metrics import Measured, StageMetrics, VariableMetrics

WASSERSTEIN_PARTS = (("wasserstein", "whole range"), ("wasserstein_core", "core"), ("wasserstein_tails", "tails"))


@dataclass(frozen=True)
class Found:
    """A number to hold against a limit, what a perfect candidate has there, and where it is."""

    measured: Measured
    null: float | None
    remark: str


def measured_for(stage: StageMetrics, key: str) -> list[Found]:
    """What a criterion measures on a stage: one number, or one for each variable."""
    variables = f"of {len(stage.variables)} variables"
    found: list[Found] = []
    if key == "c2st_auc" and stage.two_sample is not None:
        told = [entry for entry in stage.two_sample.importance if (entry.drop.value or 0.0) > 0.002][:3]
        names = ", ".join(entry.name for entry in told)
        remark = f"given away by {names}" if told else "no variable gives it away"
        found = [Found(stage.two_sample.auc, 0.5, remark)]
    if key in ("wasserstein_over_null", "ks_over_null"):
        parts = WASSERSTEIN_PARTS if key.startswith("wasserstein") else (("kolmogorov_smirnov", ""),)
        for variable in stage.variables:
            for part, label in parts:
                where = f"{variable.name} ({label})" if label else variable.name
                found.append(Found(getattr(variable, part).over_null, 1.0, f"worst: {where} {variables}"))
    if key in DEVIATIONS:
        for variable in stage.variables:
            found.append(Found(variable_deviation(variable, key), 0.0, f"worst: {variable.name} {variables}"))
    if key == "efficiency_coverage" and stage.efficiency is not None:
        bins = stage.efficiency
        found = [Found(bins.coverage, 0.9973, f"{bins.within} of {bins.bins} bins")]
    if key == "expected_calibration_error" and stage.calibration is not None:
        calibration = stage.calibration
        found = [Found(calibration.expected_calibration_error, calibration.null.value, "over all classes")]
    nothing = "could not be measured: the candidate gives no class probabilities, or no bin is filled"
    known = [one for one in found if one.measured.value is not None]
    return known or [Found(Measured(None), None, nothing)]


def variable_deviation(variable: VariableMetrics, key: str) -> Measured:
    """How far the width or the centre of a variable is from that of the reference, as a positive number."""
    if key == "width_ratio_within":
        ratio = variable.width_ratio
        return Measured(None if ratio.value is None else abs(ratio.value - 1), ratio.error)
    shift, width = variable.centre_shift, variable.width.value
    if shift.value is None or not width:
        return Measured(None)
    return Measured(abs(shift.value) / width, None if shift.error is None else shift.error / width)
