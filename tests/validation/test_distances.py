"""Distances against closed forms, and their nulls against what nulls must be."""

import numpy as np
import pytest
from scipy import stats

from flashsim.validation.distances import (
    distances_with_null,
    kolmogorov_smirnov,
    wasserstein,
    weighted_quantiles,
)
from flashsim.validation.metrics import Distance
from flashsim.validation.resampling import deal_blocks, jackknife
from flashsim.validation.tails import tail_fractions
from flashsim.validation.views import Table


def measured(first: np.ndarray, second: np.ndarray, per_event: int = 5) -> dict[str, Distance]:
    """Distances of two unweighted samples, `per_event` rows an event."""
    tables = [Table({}, np.arange(len(values)) // per_event) for values in (first, second)]
    ones = [np.ones(len(values)) for values in (first, second)]
    return distances_with_null(first, second, *ones, deal_blocks(*tables))


@pytest.mark.parametrize("shift", [0.0, 0.1, -2.5])
def test_a_shift_moves_wasserstein_by_itself(shift: float) -> None:
    values = np.random.default_rng(0).normal(size=2000)
    assert wasserstein(values, values + shift) == pytest.approx(abs(shift), abs=1e-12)


@pytest.mark.parametrize("shift", [0.2, 1.0])
def test_kolmogorov_smirnov_of_shifted_gaussians(shift: float) -> None:
    quantiles = stats.norm.ppf((np.arange(20_000) + 0.5) / 20_000)
    assert kolmogorov_smirnov(quantiles, quantiles + shift) == pytest.approx(
        2 * stats.norm.cdf(shift / 2) - 1, abs=2e-4
    )


def test_distances_agree_with_scipy_on_unequal_samples_with_ties_and_weights() -> None:
    generator = np.random.default_rng(1)
    first, second = generator.poisson(4, 300).astype(float), generator.poisson(5, 411).astype(float)
    weight = generator.uniform(0.1, 3, 300)
    assert wasserstein(first, second, weight) == pytest.approx(stats.wasserstein_distance(first, second, weight))
    assert kolmogorov_smirnov(first, second) == pytest.approx(stats.ks_2samp(first, second).statistic)


def test_a_weight_is_a_repetition_and_negative_weights_take_away() -> None:
    generator = np.random.default_rng(2)
    first, second = generator.normal(size=100), generator.normal(size=80)
    times = generator.integers(0, 4, 100)
    repeated = np.repeat(first, times)
    for distance in (wasserstein, kolmogorov_smirnov):
        assert distance(first, second, times.astype(float)) == pytest.approx(distance(repeated, second))
        added = np.concatenate([first, [9.0]]), np.concatenate([np.ones(100), [1.0]])
        taken = np.concatenate([added[0], [9.0]]), np.concatenate([added[1], [-1.0]])
        assert distance(taken[0], second, taken[1]) == pytest.approx(distance(first, second))


def test_weighted_quantiles_of_repeated_values() -> None:
    values, times = np.array([1.0, 2.0, 5.0]), np.array([1000.0, 2000.0, 1000.0])
    assert weighted_quantiles(values, times, np.array([0.5]))[0] == pytest.approx(2.0)


@pytest.mark.parametrize("name", ["normal", "standard_cauchy", "standard_exponential"])
@pytest.mark.parametrize("size", [2000, 6000])
def test_equal_distributions_are_one_null_apart_whatever_the_size_of_the_candidate(name: str, size: int) -> None:
    found = []
    for seed in range(4):
        draw = getattr(np.random.default_rng(seed), name)
        distances = measured(draw(size=2000), draw(size=size))
        found.append([distance.over_null.value for distance in distances.values()])
    # Single ratios scatter by about 0.2; the mean of four by 0.1.
    assert np.mean(found, axis=0) == pytest.approx(np.ones(4), abs=0.35)


def test_ratio_rises_with_a_shift_and_the_error_of_the_value_is_right() -> None:
    generator = np.random.default_rng(3)
    first, second = generator.normal(size=6000), generator.normal(0.2, 1, size=6000)
    distances = measured(first, second)
    whole = distances["wasserstein"]
    assert whole.over_null.value is not None
    assert whole.over_null.value > 5
    assert whole.value.value == pytest.approx(0.2, abs=3 * np.sqrt(2 / 6000))
    assert whole.value.error == pytest.approx(np.sqrt(2 / 6000), rel=0.4)


def test_a_tail_is_seen_in_the_tails_and_not_in_the_core() -> None:
    generator = np.random.default_rng(4)
    first, second = generator.normal(size=8000), generator.normal(size=8000)
    second[:160] *= 3
    distances = measured(first, second[generator.permutation(8000)])
    tails, core = distances["wasserstein_tails"].over_null.value, distances["wasserstein_core"].over_null.value
    assert tails is not None
    assert core is not None
    assert tails > 3
    assert core < 2


def test_whole_is_core_plus_tails() -> None:
    generator = np.random.default_rng(5)
    found = measured(generator.standard_t(3, 3000), generator.standard_t(3, 3000))
    parts = [found[name].value.value or 0.0 for name in ("wasserstein_core", "wasserstein_tails")]
    assert found["wasserstein"].value.value == pytest.approx(sum(parts))


def test_halves_keep_events_whole_and_are_shared_by_both_tables() -> None:
    event = np.repeat(np.arange(50), 3)
    blocks = deal_blocks(Table({}, event), Table({}, event[::-1].copy()))
    assert (blocks.reference.reshape(50, 3) == blocks.reference[::3, None]).all()
    assert (blocks.candidate[::-1] == blocks.reference).all()
    assert (blocks.halves.sum(axis=1) == blocks.count // 2).all()


def test_jackknife_gives_the_error_of_a_mean() -> None:
    values = np.random.default_rng(6).normal(size=40)
    mean, error = jackknife(lambda keep: np.asarray(keep @ values / keep.sum()), 40)
    assert mean == pytest.approx(values.mean())
    assert error == pytest.approx(values.std(ddof=1) / np.sqrt(40))


def test_tail_fractions_of_a_gaussian() -> None:
    generator = np.random.default_rng(7)
    values = generator.normal(size=40_000)
    table = Table({}, np.arange(40_000))
    weight = np.ones(40_000)
    tails = tail_fractions(values, 1.2 * values, weight, weight, deal_blocks(table, table))
    low = next(tail for tail in tails if tail.sigmas == 3 and tail.side == "low")
    assert low.reference.value == pytest.approx(stats.norm.sf(3), abs=5e-4)
    assert low.candidate.value == pytest.approx(stats.norm.sf(2.5), abs=1e-3)
    assert low.reference.error == pytest.approx(np.sqrt(stats.norm.sf(3) / 40_000), rel=0.4)
