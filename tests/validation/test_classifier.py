"""The two-sample AUC against the closed form for two Gaussians, and its error against repetition."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from flashsim.validation.classifier import area_under_curve, clustered_error, two_sample_test

from .toys import response_view


@pytest.mark.parametrize("distance", [0.0, 0.5, 1.5])
def test_area_between_two_gaussians(distance: float) -> None:
    generator = np.random.default_rng(0)
    first, second = generator.normal(size=4000), generator.normal(distance, 1, 3000)
    area, above, below = area_under_curve(first, second)
    ones = np.ones(4000), np.ones(3000)
    error = clustered_error(area, above, below, np.arange(4000), 10_000 + np.arange(3000), *ones)
    assert area == pytest.approx(stats.norm.cdf(distance / np.sqrt(2)), abs=3 * error)
    assert above.mean() == pytest.approx(area)


def test_ties_count_half_and_weights_repeat() -> None:
    area, _, _ = area_under_curve(np.zeros(5), np.zeros(7))
    assert area == pytest.approx(0.5)
    first, second = np.array([1.0, 2.0, 4.0]), np.array([2.0, 3.0])
    weighted, _, _ = area_under_curve(first, second, np.array([1.0, 2.0, 0.0]), np.array([1.0, 3.0]))
    repeated, _, _ = area_under_curve(np.array([1.0, 2.0, 2.0]), np.array([2.0, 3.0, 3.0, 3.0]))
    assert weighted == pytest.approx(repeated)


def test_the_error_covers_the_scatter_also_when_rows_of_an_event_are_copies() -> None:
    areas, errors = [], []
    for seed in range(200):
        generator = np.random.default_rng(seed)
        first, second = (np.repeat(generator.normal(size=100), 4) for _ in range(2))
        area, above, below = area_under_curve(first, second)
        event = np.repeat(np.arange(100), 4)
        ones = np.ones(400)
        areas.append(area)
        errors.append(clustered_error(area, above, below, event, event + 100, ones, ones))
    assert np.mean(errors) == pytest.approx(np.std(areas), rel=0.2)


def test_equal_samples_cannot_be_told_apart() -> None:
    auc = two_sample_test(response_view(events=150)).auc
    assert auc.value == pytest.approx(0.5, abs=3 * (auc.error or 0.0))


def test_a_shift_is_found_and_named() -> None:
    test = two_sample_test(response_view(events=150, shift=1.0))
    assert test.auc.value is not None
    assert test.auc.value > 0.6
    assert test.importance[0].name == "dp"


def test_rows_are_capped_by_event() -> None:
    view = response_view(events=150)
    test = two_sample_test(view, rows=1000)
    assert 500 < test.rows_reference <= 1000
    assert test.rows_candidate <= 1000


def test_negative_weights_count_in_the_area() -> None:
    view = response_view(events=100)
    weight = np.where(np.random.default_rng(0).random(len(view.reference)) < 0.1, -0.5, 1.0)
    weighted = replace(view, reference=replace(view.reference, weight=weight))
    auc = two_sample_test(weighted).auc
    assert auc.value == pytest.approx(0.5, abs=4 * (auc.error or 0.0))
