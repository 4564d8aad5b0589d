"""Verdicts: a broken detector fails the gate that should catch it, a perfect one passes."""

from dataclasses import replace

import numpy as np
import pytest

from flashsim.errors import FlashSimError
from flashsim.validation import Metrics, StageView, Table
from flashsim.validation.gates.judge import judge
from flashsim.validation.metrics import GateResult, Measured, VariableMetrics
from flashsim.validation.variables.impossible import impossible_values, positive_definite

from .toys import SMALL, Limits, category_view, response_view, validated


def judged(view: StageView, **limits: float) -> Metrics:
    return validated([view], {view.stage: Limits(**limits)}, "toy", {})


def gate(metrics: Metrics, criterion: str) -> GateResult:
    return next(result for result in metrics.gates if result.criterion == criterion)


def few_outputs(view: StageView) -> StageView:
    return replace(view, outputs=["dp", "dx"], covariances={})


def with_candidate(view: StageView, rows: slice = slice(None), **columns: np.ndarray) -> StageView:
    candidate = view.candidate
    changed = replace(candidate, columns={**candidate.columns, **columns})
    return replace(view, candidate=changed.keep(np.arange(len(candidate))[rows]))


def test_a_perfect_detector_passes(drawn) -> None:
    assert drawn.metrics.passed
    assert len(drawn.metrics.gates) == 8


@pytest.mark.parametrize(
    ("broken", "limits", "criterion", "named"),
    [
        ({"shift": 0.5}, {"wasserstein_over_null": 3.0}, "Wasserstein over null", "dp"),
        ({"widen": 2.0}, {"ks_over_null": 3.0}, "Kolmogorov–Smirnov over null", "dp"),
        ({"tail": 0.4}, {"wasserstein_over_null": 3.0}, "Wasserstein over null", "dp"),
        ({"shift": 0.8}, {"c2st_auc": 0.56}, "two-sample AUC", "dp"),
    ],
)
def test_a_broken_response_fails_its_gate_which_names_the_variable(
    broken: dict[str, float], limits: dict[str, float], criterion: str, named: str
) -> None:
    metrics = judged(few_outputs(response_view(events=100, **broken)), **limits)
    assert metrics.verdict == "fail"
    assert gate(metrics, criterion).verdict == "fail"
    assert named in gate(metrics, criterion).explanation
    assert gate(metrics, "impossible values").verdict == "pass"


def test_lost_tracks_fail_the_gates_of_a_category_stage(drawn) -> None:
    """Gates that a perfect candidate of the same size passes."""
    limits = {"efficiency_coverage": 0.95, "expected_calibration_error": 0.05}
    bad = judged(category_view(events=200, lost=0.3), **limits)
    for criterion in ("efficiency bins within 3 σ", "expected calibration error"):
        assert gate(bad, criterion).verdict == "fail"
        assert gate(drawn.metrics, criterion).verdict == "pass"


@pytest.mark.parametrize(
    ("column", "value", "what"),
    [
        ("dp", np.nan, "dp is not finite"),
        ("dp", np.inf, "dp is not finite"),
        ("cov_x_x", -1.0, "cov_x_x ≤ 0"),
        ("ndof", 3.5, "ndof is not an integer"),
        ("cov_tx_x", 1e3, "covariance is not positive definite"),
    ],
)
def test_one_impossible_value_is_counted(column: str, value: float, what: str) -> None:
    counts = {entry.what: entry.count for entry in impossible_values(with_one(value, column))}
    assert counts[what] == 1
    assert not any(impossible_value.count for impossible_value in impossible_values(response_view(events=50)))


@pytest.mark.parametrize(("value", "count"), [(3.1416015625, 0), (-3.15625, 0), (3.3, 1), (6.2, 1)])
def test_an_angle_may_be_pi_rounded_up_and_no_more(value: float, count: int) -> None:
    """As a file has it that keeps 12 or 6 bits of a mantissa."""
    view = replace(with_one(value, "dp"), types={"dp": "angle"})
    assert {entry.what: entry.count for entry in impossible_values(view)}["dp is outside (−π, π]"] == count


def test_one_impossible_value_fails() -> None:
    metrics = judged(with_one(-1.0, "cov_x_x"))
    assert metrics.verdict == "fail"
    assert "in 1 of 1,000 rows" in gate(metrics, "impossible values").explanation


def with_one(value: float, column: str) -> StageView:
    """A view with one bad value in the candidate."""
    view = response_view(events=50)
    values = view.candidate.columns[column].copy()
    values[17] = value
    return with_candidate(view, **{column: values})


def test_positive_definite_does_not_depend_on_units() -> None:
    good, bad = [1e-16, 5e-9, 1.0], [1e-16, 2e-8, 1.0]
    assert positive_definite(np.array([good, bad, [0.0, 0.0, 1.0]])).tolist() == [True, False, False]


def test_a_candidate_without_objects_fails_with_a_sentence() -> None:
    metrics = judged(with_candidate(response_view(events=50), slice(0, 0)), c2st_auc=0.53)
    assert metrics.verdict == "fail"
    assert "no comparable objects where the reference has 1,000" in gate(metrics, "two-sample AUC").explanation


def test_too_few_objects_are_not_judged() -> None:
    view = response_view(events=50)
    few = np.arange(60)
    metrics = judged(
        replace(view, reference=view.reference.keep(few), candidate=view.candidate.keep(few)), c2st_auc=0.5
    )
    assert metrics.verdict == "not judged"
    assert "60 objects in 3 events" in gate(metrics, "two-sample AUC").explanation


@pytest.mark.parametrize(
    ("criterion", "limit", "value", "error", "verdict"),
    [
        ("wasserstein_over_null", 3.0, 6.2, 26.0, "not judged"),
        ("wasserstein_over_null", 3.0, 1.1, 3.1, "not judged"),
        ("wasserstein_over_null", 3.0, 6.2, 2.9, "fail"),
        ("wasserstein_over_null", 3.0, 1.1, 2.9, "pass"),
        ("wasserstein_over_null", 3.0, 60.0, 26.0, "fail"),  # plainly
        ("ks_over_null", 3.0, 4.0, 3.1, "not judged"),
        ("c2st_auc", 0.53, 0.54, 0.04, "not judged"),
        ("c2st_auc", 0.53, 0.51, 0.04, "not judged"),
        ("c2st_auc", 0.53, 0.54, 0.02, "fail"),
        ("c2st_auc", 0.53, 0.65, 0.04, "fail"),
        ("c2st_auc", 0.5, 0.49, 0.04, "pass"),  # a limit that allows nothing is judged as it stands
        ("width_ratio_within", 0.1, 0.07, 0.13, "not judged"),
        ("width_ratio_within", 0.1, 0.07, 0.09, "pass"),
        ("shift_in_widths_below", 0.2, 0.3, 0.21, "not judged"),
        ("efficiency_coverage", 0.95, 7 / 8, 1 / 8, "not judged"),
        ("efficiency_coverage", 0.95, 1.0, 1 / 8, "pass"),  # all bins agree, however few they are
        ("efficiency_coverage", 0.95, 39 / 40, 1 / 40, "pass"),
        ("efficiency_coverage", 0.95, 0.8, 0.06, "fail"),
        ("expected_calibration_error", 0.05, 0.06, 0.06, "not judged"),
        ("expected_calibration_error", 0.05, 0.06, 0.04, "fail"),
    ],
)
def test_an_error_beyond_what_a_limit_allows_is_not_judged(
    drawn, criterion: str, limit: float, value: float, error: float, verdict: str
) -> None:
    category, response = drawn.metrics.stages
    measured = Measured(value, error)
    if criterion in ("efficiency_coverage", "expected_calibration_error"):
        stage = replace(
            category,
            efficiency=replace(category.efficiency, coverage=measured),
            calibration=replace(category.calibration, expected_calibration_error=measured),
        )
    else:
        stage = replace(response, variables=[with_deviation(response.variables[0], measured)])
        stage = replace(stage, two_sample=replace(response.two_sample, auc=measured))
    results = judge([stage], {stage.stage: Limits(**{criterion: limit})})
    (result,) = [one for one in results if one.criterion != "impossible values"]
    assert result.verdict == verdict
    assert (result.measured.value, result.measured.error) == pytest.approx((value, error))
    assert ("too small" in result.explanation) == (verdict == "not judged")


def with_deviation(variable: VariableMetrics, measured: Measured) -> VariableMetrics:
    """A variable all of whose distances over null, whose width and whose centre are so far from the reference."""
    far = {
        name: replace(getattr(variable, name), over_null=measured)
        for name in ("wasserstein", "wasserstein_core", "wasserstein_tails", "kolmogorov_smirnov")
    }
    ratio = replace(measured, value=1.0 - (measured.value or 0.0))
    return replace(variable, **far, width=Measured(1.0, 0.0), width_ratio=ratio, centre_shift=measured)


def test_no_probabilities_no_calibration() -> None:
    metrics = judged(category_view(events=50, probabilities=False), expected_calibration_error=0.1)
    assert gate(metrics, "expected calibration error").verdict == "not judged"


def test_a_gate_of_another_kind_of_stage_or_of_no_stage_is_an_error() -> None:
    view = category_view(events=50)
    with pytest.raises(FlashSimError, match=r"gates\.track_type\.ks_over_null: is for response stages"):
        judged(view, ks_over_null=2.0)
    with pytest.raises(FlashSimError, match=r"gates\.track_typ: .*did you mean 'track_type'"):
        validated([view], {"track_typ": Limits()}, "toy", {})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: replace(t, columns={k: v for k, v in t.columns.items() if k != "dp"}), "has no column 'dp'"),
        (lambda t: replace(t, columns={**t.columns, "dp": t.columns["dp"][:-1]}), "'dp' has 999 rows and 'event' 1000"),
        (lambda t: replace(t, columns={**t.columns, "dp": np.full(1000, np.nan)}), "'dp' has 1000 values that are not"),
        (lambda t: replace(t, weight=-np.ones(1000)), "weights sum to -1000"),
    ],
)
def test_a_bad_reference_is_a_clear_error(change, message: str) -> None:
    view = response_view(events=50)
    with pytest.raises(FlashSimError, match="stage 'resolution', reference table.*" + message):
        judged(replace(view, reference=change(view.reference)))


def test_the_table_of_tests_fails_a_broken_detector_and_names_the_worst() -> None:
    good, bad = (
        validated(
            [few_outputs(response_view(events=100, shift=shift))],
            {},
            "toy",
            {},
            false_alarm_rate=0.01,
            effort=replace(SMALL, swaps=2000),
        )
        for shift in (0.0, 0.3)
    )
    assert gate(good, "smallest adjusted p-value").verdict == "pass"
    assert gate(bad, "smallest adjusted p-value").verdict == "fail"
    assert "worst: " in gate(bad, "smallest adjusted p-value").explanation
    assert bad.tests is not None
    assert {test.variable for test in bad.tests.entries if (test.adjusted_p_value or 0.0) < 0.001} >= {"dp"}
    joint = {entry.name: entry.adjusted_p_value for entry in bad.stages[0].joint}
    assert set(joint) >= {"energy distance", "sliced Wasserstein", "Fréchet distance", "kernel distance"}
    assert all(value is not None for value in joint.values())
    assert all(
        result.criterion != "smallest adjusted p-value"
        for result in judged(few_outputs(response_view(events=50))).gates
    )


def test_pulls_and_whole_events_are_measured() -> None:
    view = response_view(events=150)
    pulled = [
        replace(table, columns={**table.columns, "pull_x": table.columns["dx"] / np.std(table.columns["dx"])})
        for table in (view.reference, view.candidate)
    ]
    view = replace(view, reference=pulled[0], candidate=pulled[1], outputs=["dp", "pull_x"], pulls={"x": "pull_x"})
    stage = validated([view], {}, "toy", {}).stages[0]
    assert stage.pulls[0].name == "x"
    assert stage.pulls[0].candidate_width.value == pytest.approx(1.0, abs=0.1)
    multiplicity = stage.per_event[0]
    assert multiplicity.reference_mean.value == pytest.approx(20.0)
    assert [entry.name for entry in stage.per_event[1:3]] == ["sum of dp", "sum of pull_x"]


def test_progress_names_the_stage_and_no_stage_is_an_error() -> None:
    told: list[str] = []
    validated([category_view(events=30)], {}, "toy", {}, progress=told.append)
    assert all(text.startswith("track_type: ") for text in told)
    assert told
    with pytest.raises(FlashSimError, match="no stage"):
        validated([], {}, "toy", {})


def test_tables_keep_rows() -> None:
    table = Table({"x": np.arange(4.0)}, np.arange(4), np.ones(4), {"p": np.arange(4.0)})
    kept = table.keep(np.array([True, False, True, False]))
    assert len(kept) == 2
    assert kept.binning["p"].tolist() == [0.0, 2.0]
