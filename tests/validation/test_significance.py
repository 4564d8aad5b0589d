"""Groups, bootstrap and swaps: errors that cover, p-values that are uniform, a table that keeps its rate."""

import numpy as np
import pytest
from scipy import stats

from flashsim.validation.statistics import (
    GROUPS,
    Effort,
    adjusted_p_values,
    combined,
    group_of,
    largest,
    normal_deviates,
    resampling,
    spread,
    swapped,
)

DRAWN = resampling(0, Effort(swaps=400))


def sums_of(values: np.ndarray) -> np.ndarray:
    """Sums of x and of 1 per group."""
    group = group_of(np.arange(len(values)))
    return np.stack([np.bincount(group, values, GROUPS), np.bincount(group, minlength=GROUPS)], axis=1)


def changes(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The difference of means under every swap."""
    left, right = swapped(sums_of(first), sums_of(second), (len(first), len(second)), DRAWN.signs)
    return right[:, 0] / right[:, 1] - left[:, 0] / left[:, 1]


def test_groups_depend_on_nothing_but_the_event_and_are_about_equal() -> None:
    event = np.arange(100_000)
    group = group_of(event)
    assert (group_of(event[::-1])[::-1] == group).all()
    counts = np.bincount(group, minlength=GROUPS)
    assert stats.chisquare(counts).pvalue > 1e-3
    assert np.corrcoef(group[:-1], group[1:])[0, 1] == pytest.approx(0.0, abs=0.02)


def test_the_bootstrap_gives_the_error_of_a_mean_of_correlated_rows() -> None:
    generator = np.random.default_rng(0)
    events = generator.normal(size=4000)
    values, group = np.repeat(events, 5), np.repeat(group_of(np.arange(4000)), 5)
    sums = np.stack([np.bincount(group, values, GROUPS), np.bincount(group, minlength=GROUPS)], axis=1)
    mean, error = spread(
        lambda chosen: (chosen @ sums)[:, 0] / (chosen @ sums)[:, 1], resampling(0, Effort(replicas=1000))
    )
    assert mean == pytest.approx(values.mean())
    assert error == pytest.approx(1 / np.sqrt(4000), rel=0.15)


def test_the_first_swap_is_none_and_swaps_have_the_spread_of_the_difference() -> None:
    generator = np.random.default_rng(1)
    first, second = generator.normal(size=3000), generator.normal(size=1000)
    found = changes(first, second)
    assert found[0] == pytest.approx(second.mean() - first.mean())
    # Unequal sizes too: the error is that of the larger and of the smaller sample together.
    assert found[1:].std() == pytest.approx(np.sqrt(1 / 3000 + 1 / 1000), rel=0.2)


@pytest.mark.parametrize("sizes", [(1000, 1000), (2000, 500)])
def test_p_values_are_uniform_when_the_samples_are_equal(sizes: tuple[int, int]) -> None:
    found = []
    for seed in range(200):
        generator = np.random.default_rng([seed, 2])
        swaps = np.abs(changes(generator.exponential(size=sizes[0]), generator.exponential(size=sizes[1])))
        found.append((swaps >= swaps[0] - 1e-12).mean())
    assert stats.kstest(found, "uniform").pvalue > 1e-3


def test_p_values_of_paired_samples_are_uniform_too() -> None:
    found = []
    for seed in range(200):
        generator = np.random.default_rng([seed, 3])
        common = generator.normal(size=1000)
        pair = [common + 0.1 * generator.normal(size=1000) for _ in range(2)]
        swaps = np.abs(changes(*pair))
        found.append((swaps >= swaps[0] - 1e-12).mean())
    assert stats.kstest(found, "uniform").pvalue > 1e-3


def table(seed: int, *, tests: int = 10, shift: float = 0.0) -> np.ndarray:
    """Statistics of a table of correlated tests, the first of which is shifted."""
    generator = np.random.default_rng([seed, 4])
    swaps = generator.multivariate_normal(np.zeros(tests), np.full((tests, tests), 0.5) + 0.5 * np.eye(tests), 401).T
    swaps[0, 0] += shift
    return np.abs(swaps)


def test_the_table_fails_by_chance_as_often_as_it_says_however_tests_depend_on_each_other() -> None:
    failed = sum((adjusted_p_values(normal_deviates(table(seed)))[1] < 0.1).any() for seed in range(150))
    assert stats.binomtest(int(failed), 150, 0.1).pvalue > 1e-3


def test_a_shifted_test_is_found_and_the_others_are_left_alone() -> None:
    alone, adjusted = adjusted_p_values(normal_deviates(table(1, shift=8.0)))
    assert adjusted[0] == pytest.approx(1 / 401)
    assert (adjusted >= alone).all()
    assert (adjusted[1:] > 0.01).all()


def test_deviates_of_squares_that_are_chi_squared_are_exact() -> None:
    generator = np.random.default_rng(5)
    for degrees in (1, 5):
        squares = generator.chisquare(degrees, 20_000)
        squares[0] = stats.chi2.isf(stats.norm.sf(4.0), degrees)
        assert normal_deviates(np.sqrt(squares)[None])[0, 0] == pytest.approx(4.0, abs=0.25)
    far = np.sqrt(np.append(1e6, generator.chisquare(1, 2000)))
    assert np.isfinite(normal_deviates(far[None])).all()
    assert (normal_deviates(np.ones((1, 50))) == 0).all()  # what never changes says nothing


def test_many_small_differences_add_up_and_one_large_one_stands_out() -> None:
    generator = np.random.default_rng(6)
    swaps = generator.normal(size=(1000, 40))
    swaps[0] = 2.0
    many = normal_deviates(np.stack([combined(swaps), largest(swaps)]))[:, 0]
    assert many[0] > 6 > many[1]
    swaps[0] = 0.0
    swaps[0, 7] = 6.0
    one = normal_deviates(np.stack([combined(swaps), largest(swaps)]))[:, 0]
    assert one[1] > one[0]
    assert (combined(np.zeros((10, 3))) == 0).all()
