"""The two-sample AUC against the closed form for two Gaussians, and its error against repetition."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from scipy import stats

from flashsim.validation.ledger import Ledger
from flashsim.validation.metrics import TwoSample
from flashsim.validation.statistics import Effort, group_of, resampling
from flashsim.validation.statistics.areas import area_swaps, area_under_curve, clustered_error
from flashsim.validation.two_sample.classifiers import Fit, fit_forest, fit_network
from flashsim.validation.two_sample.cross_fit import two_sample_test
from flashsim.validation.views import StageView, Table

from .toys import response_view

DRAWN = resampling(0, Effort(swaps=200))


FOREST, NETWORK = partial(fit_forest, trees=20), partial(fit_network, epochs=3)


def told(view: StageView, fit: Fit = FOREST) -> TwoSample:
    """The test of a view with all its columns."""
    return two_sample_test(view, [*view.conditions, *view.outputs], "toy", fit, DRAWN, Ledger("toy"), shuffled_rows=500)


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


def test_area_swaps_are_areas_of_swapped_samples() -> None:
    generator = np.random.default_rng(1)
    score = np.concatenate([generator.normal(size=1000), generator.normal(0.2, 1, 1000)])
    candidate, event = np.repeat([0.0, 1.0], 1000), np.tile(np.arange(1000), 2)
    swaps = area_swaps(score, candidate, np.ones(2000), group_of(event), DRAWN)
    area, _, _ = area_under_curve(score[:1000], score[1000:])
    assert swaps[0] == pytest.approx(area - 0.5)
    # Without a difference the deviation of an area is sqrt((n + m + 1) / (12 n m)), one side of which is kept.
    assert swaps[1:].max() < 4.5 * np.sqrt(2001 / 12e6)


@pytest.mark.parametrize("fit", [FOREST, NETWORK], ids=["forest", "network"])
def test_equal_samples_cannot_be_told_apart(fit: Fit) -> None:
    auc = told(response_view(events=150), fit).auc
    assert auc.value == pytest.approx(0.5, abs=3.5 * (auc.error or 0.0))


def test_a_shift_is_found_and_named() -> None:
    test = told(response_view(events=150, shift=1.0))
    assert test.auc.value is not None
    assert test.auc.value > 0.6
    assert test.importance[0].name == "dp"


def test_a_network_finds_a_correlation_without_any_change_of_a_distribution() -> None:
    generator = np.random.default_rng(2)
    event = np.arange(3000)
    first = generator.multivariate_normal([0, 0], [[1, 0.8], [0.8, 1]], 3000)
    second = generator.normal(size=(3000, 2))
    tables = [Table({"x": values[:, 0], "y": values[:, 1]}, event) for values in (first, second)]
    view = StageView("toy", "response", *tables, [], ["x", "y"])
    # The best possible area here is that of the likelihood ratio.
    ratio = [
        stats.multivariate_normal([0, 0], [[1, 0.8], [0.8, 1]]).logpdf(v) + (v**2).sum(1) / 2 for v in (first, second)
    ]
    best, _, _ = area_under_curve(-ratio[0], -ratio[1])
    assert (told(view, NETWORK).auc.value or 0.0) > 0.5 + 0.6 * (best - 0.5)


def test_the_most_separable_region_is_where_the_samples_differ() -> None:
    generator = np.random.default_rng(3)
    values = [generator.uniform(size=(4000, 2)) for _ in range(2)]
    hole = (values[1] > 0.7).all(axis=1) & (generator.random(4000) < 0.8)
    values[1][hole] *= 0.5  # moved out of the corner
    tables = [Table({"x": v[:, 0], "y": v[:, 1]}, np.arange(4000)) for v in values]
    region = told(StageView("toy", "response", *tables, [], ["x", "y"])).most_separable[0]
    assert "x" in region.words
    assert "y" in region.words
    assert (region.reference.value or 0.0) > (region.candidate.value or 0.0) + 0.03
    limits = {entry.name: entry.low for entry in region.ranges}
    assert limits["x"] == pytest.approx(0.7, abs=0.1)


def test_negative_weights_count_in_the_area() -> None:
    view = response_view(events=100)
    weight = np.where(np.random.default_rng(0).random(len(view.reference)) < 0.1, -0.5, 1.0)
    auc = told(replace(view, reference=replace(view.reference, weight=weight))).auc
    assert auc.value == pytest.approx(0.5, abs=4 * (auc.error or 0.0))
