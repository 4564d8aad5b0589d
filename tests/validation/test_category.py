"""Efficiencies and calibration of category stages."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from flashsim.validation import validate_blocks
from flashsim.validation.categories.calibration import (
    CalibrationSums,
    ClassSums,
    calibration_metrics,
    expected_calibration_error,
)
from flashsim.validation.categories.counts import MapSums, class_index
from flashsim.validation.categories.efficiency import efficiency_metrics
from flashsim.validation.coding.binning import bin_index, round_edges
from flashsim.validation.coding.frame import frame_of, sides
from flashsim.validation.ledger import Ledger
from flashsim.validation.metrics import CalibrationMetrics, EfficiencyMetrics
from flashsim.validation.statistics import Effort, adjusted_p_values, normal_deviates, resampling
from flashsim.validation.statistics.binomial import clopper_pearson, pull_from_counts, pull_from_probabilities
from flashsim.validation.views import StageView

from .toys import SMALL, category_view

DRAWN = resampling(0, Effort(swaps=200, replicas=60))


def efficiencies(view: StageView) -> EfficiencyMetrics:
    """The maps of a view, in both variables and in each."""
    frame = frame_of(view)
    maps = [MapSums(frame, axes) for axes in (["p"], ["eta"], ["p", "eta"])]
    for one in maps:
        one.add(view, sides(frame, view))
    return efficiency_metrics(maps)


def calibrated(view: StageView) -> tuple[CalibrationMetrics, Ledger]:
    """The calibration of a view, and its tests."""
    sums, ledger = CalibrationSums(view), Ledger("toy")
    sums.add(view, sides(frame_of(view), view)[0])
    return calibration_metrics(sums, DRAWN, ledger), ledger


@pytest.mark.parametrize(("passed", "total"), [(0, 10), (3, 10), (10, 10), (250, 1000)])
def test_clopper_pearson_is_scipys(passed: int, total: int) -> None:
    low, high = clopper_pearson(np.array([float(passed)]), np.array([float(total)]))
    exact = stats.binomtest(passed, total).proportion_ci(1 - 2 * 0.15865, "exact")
    expected = (exact.low, exact.high) if 0 < passed < total else None
    if expected is None:  # at the ends the interval is one-sided and reaches the end itself
        assert (low[0] == 0.0) == (passed == 0)
        assert (high[0] == 1.0) == (passed == total)
    else:
        assert (low[0], high[0]) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("probability", [0.05, 0.5, 0.97])
def test_pulls_of_a_calibrated_classifier_have_unit_width(probability: float) -> None:
    generator = np.random.default_rng(0)
    objects = 400
    passed = generator.binomial(objects, probability, 3000).astype(float)
    mean = np.full(3000, objects * probability)
    pulls = pull_from_probabilities(passed, mean, mean * (1 - probability))
    assert pulls.mean() == pytest.approx(0.0, abs=0.06)
    assert pulls.std() == pytest.approx(1.0, abs=0.05)
    counted = pull_from_counts(passed, np.full(3000, 400.0), generator.permutation(passed), np.full(3000, 400.0))
    assert counted.std() == pytest.approx(1.0, abs=0.06)


def test_a_bin_that_cannot_be_gives_a_large_pull() -> None:
    found = pull_from_probabilities(np.array([30.0, 0.0]), np.array([1e-4, 0.0]), np.array([1e-4, 0.0]))
    assert found[0] > 5
    assert abs(found[1]) < 1


@pytest.mark.parametrize("probabilities", [True, False])
def test_a_perfect_candidate_covers_and_a_lossy_one_does_not(probabilities: bool) -> None:
    good = efficiencies(category_view(events=400, probabilities=probabilities))
    bad = efficiencies(category_view(events=400, lost=0.25, probabilities=probabilities))
    assert good.coverage.value is not None
    assert bad.coverage.value is not None
    assert good.coverage.value > 0.98
    assert bad.coverage.value < good.coverage.value - 0.02
    assert good.expected_from_probabilities is probabilities
    assert good.pull_width.value == pytest.approx(1.0, abs=5 * (good.pull_width.error or 0.0))
    assert bad.pull_width.value is not None
    assert bad.pull_width.value > 1.15


def test_coverage_counts_bins_per_species() -> None:
    found = efficiencies(category_view())
    judged = [cell for entry in found.maps if entry.species for row in entry.pull for cell in row if cell is not None]
    assert found.bins == len(judged)
    assert found.within == sum(abs(pull) <= 3 for pull in judged)
    assert {entry.species for entry in found.maps} == {"", "e", "μ", "π", "K", "p"}


def test_projections_have_intervals_of_both_samples() -> None:
    found = efficiencies(category_view())
    assert [entry.axes for entry in found.projections if entry.class_value == 1] == [["p"], ["eta"]]
    for entry in found.projections:
        for low, value, high in zip(entry.reference_low, entry.reference, entry.reference_high, strict=True):
            assert low[0] is None or low[0] <= value[0] <= high[0]
        assert [len(line) for line in entry.candidate_low] == [1] * (len(entry.edges[0]) - 1)


def test_a_class_that_comes_late_is_counted_as_if_it_had_been_known() -> None:
    """Files do not say which classes they hold: the first block has two of the three."""
    view = category_view(events=60, probabilities=False)
    late = view.reference.columns["track_type"] == 2
    parts = [
        replace(view, reference=view.reference.keep(rows), candidate=view.candidate.keep(rows), classes=classes)
        for rows, classes in ((~late & (view.candidate.columns["track_type"] != 2), [0, 1]), (late, [0, 1, 2]))
    ]
    frame = frame_of(parts[0])
    counted, maps = ClassSums(parts[0]), MapSums(frame, ["p", "eta"])
    for part in parts:
        counted.add(sides(frame, part))
        maps.add(part, sides(frame, part))
    whole = validate_blocks([[part] for part in parts], {}, "toy", {}, effort=SMALL).metrics.stages[0]
    assert [fraction.class_value for fraction in whole.fractions] == [0, 1, 2]
    assert counted.classes == maps.classes == [0, 1, 2]
    assert counted.sums[0, :, 2].sum() == maps.counts[0].passed[..., 2].sum() == late.sum()


def test_calibration_is_at_its_null_when_calibrated_and_above_when_not() -> None:
    (good, _), (bad, ledger) = calibrated(category_view()), calibrated(category_view(lost=0.2))
    found, null = good.expected_calibration_error, good.null
    assert found.value == pytest.approx(null.value, abs=4 * (null.error or 0.0))
    assert (bad.expected_calibration_error.value or 0.0) > 3 * (bad.null.value or 0.0)
    assert good.brier.value == pytest.approx(good.brier_null.value, abs=4 * (good.brier.error or 0.0))
    assert (bad.brier.value or 0.0) > (bad.brier_null.value or 0.0)
    assert adjusted_p_values(normal_deviates(np.stack(ledger.statistics)))[1].min() < 0.01


def test_a_rare_class_that_does_not_occur_is_no_miscalibration() -> None:
    view = category_view(events=100)
    n = len(view.reference)
    view = replace(view, probability=np.tile([1 - 2e-4, 1e-4, 1e-4], (n, 1)))
    view.reference.columns["track_type"][:] = 0  # type: ignore[index]
    _, ledger = calibrated(view)
    assert adjusted_p_values(normal_deviates(np.stack(ledger.statistics)))[0].min() > 0.1


def test_brier_score_of_constant_probability() -> None:
    view = category_view(events=100, probabilities=False)
    view = replace(view, probability=np.tile([0.5, 0.3, 0.2], (len(view.reference), 1)))
    observed = class_index(view.reference.columns["track_type"], [0, 1, 2])
    expected = ((np.eye(3)[observed] - [0.5, 0.3, 0.2]) ** 2).sum(axis=1).mean()
    found, _ = calibrated(view)
    assert found.brier.value == pytest.approx(expected)
    assert found.brier_null.value == pytest.approx(0.25 + 0.21 + 0.16)


def test_calibration_error_of_constant_probability() -> None:
    observed = np.repeat([0, 1], [700, 300])
    probability = np.tile([0.6, 0.4], (1000, 1))
    assert expected_calibration_error(probability, observed, np.ones(1000)) == pytest.approx(0.1)


def test_edges_are_round_and_what_is_outside_counts_in_the_end_bins() -> None:
    generator = np.random.default_rng(0)
    edges = round_edges(10 ** generator.normal(1, 0.4, 5000))
    assert {2.0, 5.0, 10.0, 50.0} <= set(edges.tolist())
    assert round_edges(generator.uniform(1.9, 5.1, 5000)).tolist() == [1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 5.5]
    assert bin_index(np.array([-1.0, 2.0, 1e9]), edges).tolist()[::2] == [0, len(edges) - 2]
    assert len(round_edges(np.full(10, 3.0))) == 2
