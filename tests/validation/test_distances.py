"""Distances against closed forms, and their nulls and errors against repetition."""

import numpy as np
import pytest
from scipy import stats

from flashsim.validation.coding.frame import Side, scale_of
from flashsim.validation.coding.quantiles import kolmogorov_smirnov, wasserstein, weighted_quantiles
from flashsim.validation.ledger import Ledger
from flashsim.validation.metrics import Distance
from flashsim.validation.statistics import GROUPS, Effort, GroupSums, Resampling, group_of, resampling
from flashsim.validation.variables.contents import Contents, Sizes, centre_width_and_changes, distances, tail_fractions
from flashsim.validation.views import Table

DRAWN = resampling(0, Effort(swaps=50, replicas=40, splits=5))


def contents(*samples: np.ndarray, per_event: int = 5) -> tuple[tuple[Contents, Contents], Sizes]:
    """What is summed of two unweighted samples of the same events, `per_event` rows each."""
    scale = scale_of(samples[0], samples[1], np.ones(len(samples[0])))
    made, sizes = [], []
    for values in samples:
        event = np.arange(len(values)) // per_event
        filled, group, ones = Contents(scale), group_of(event), np.ones(len(values))
        filled.add(Side(Table({}, event), group, ones, {"x": scale.code(values)}), "x")
        totals = np.bincount(group, minlength=GROUPS).astype(float)
        made.append(filled)
        sizes.append(GroupSums(np.zeros((GROUPS, 0)), totals, totals))
    return (made[0], made[1]), (sizes[0], sizes[1])


def measured(first: np.ndarray, second: np.ndarray, drawn: Resampling = DRAWN) -> dict[str, Distance]:
    return distances(*contents(first, second), drawn, Ledger("toy"), "x")


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
    few = resampling(0, Effort(swaps=10, replicas=2, splits=5))
    for seed in range(8):
        draw = getattr(np.random.default_rng(seed), name)
        ratios = measured(draw(size=2000), draw(size=size), few)
        found.append([distance.over_null.value for distance in ratios.values()])
    # Single ratios scatter by 0.2 to 0.4, those of the five objects in the tails of a Gaussian by 0.9.
    judged = [0, 1, 3] if name == "normal" else [0, 1, 2, 3]
    assert np.mean(found, axis=0)[judged] == pytest.approx(np.ones(len(judged)), abs=0.35)


def test_ratio_rises_with_a_shift_and_the_error_of_the_value_is_right() -> None:
    generator = np.random.default_rng(3)
    first, second = generator.normal(size=6000), generator.normal(0.2, 1, size=6000)
    whole = measured(first, second)["wasserstein"]
    assert whole.over_null.value is not None
    assert whole.over_null.value > 5
    assert whole.value.value == pytest.approx(0.2, abs=3 * np.sqrt(2 / 6000))
    assert whole.value.error == pytest.approx(np.sqrt(2 / 6000), rel=0.4)


@pytest.mark.parametrize("shift", [0.0, 0.3])
def test_bootstrap_errors_are_the_scatter_over_repetitions_near_zero_as_far_from_it(shift: float) -> None:
    values, errors, few = [], [], resampling(0, Effort(swaps=10, replicas=25, splits=3))
    for seed in range(30):
        generator = np.random.default_rng([seed, 7])
        found = measured(generator.normal(size=1000), generator.normal(shift, 1, size=1000), few)
        values.append([found[name].value.value for name in ("wasserstein", "kolmogorov_smirnov")])
        errors.append([found[name].value.error for name in ("wasserstein", "kolmogorov_smirnov")])
    # The scatter of 30 repetitions is known to 13 %. At zero the factor that shrinks is itself noisy, and errors are a
    # third too large.
    assert np.mean(errors, axis=0) / np.std(values, axis=0) == pytest.approx(np.full(2, 1.15), abs=0.5)


def test_a_tail_is_seen_in_the_tails_and_not_in_the_core() -> None:
    generator = np.random.default_rng(4)
    first, second = generator.normal(size=8000), generator.normal(size=8000)
    second[:160] *= 3
    found = measured(first, second[generator.permutation(8000)])
    tails, core = found["wasserstein_tails"].over_null.value, found["wasserstein_core"].over_null.value
    assert tails is not None
    assert core is not None
    assert tails > 3
    assert core < 2


def test_whole_is_core_plus_tails() -> None:
    generator = np.random.default_rng(5)
    found = measured(generator.standard_t(3, 3000), generator.standard_t(3, 3000))
    parts = [found[name].value.value or 0.0 for name in ("wasserstein_core", "wasserstein_tails")]
    assert found["wasserstein"].value.value == pytest.approx(sum(parts))


def test_a_far_outlier_counts_as_lying_at_20_sigma() -> None:
    values = np.random.default_rng(8).normal(size=3000)
    beyond = np.concatenate([values[:-1], [1e9]])
    assert (measured(values, beyond)["wasserstein"].value.value or 0.0) < 0.1


def test_centre_and_width_of_a_gaussian_and_their_errors() -> None:
    values = np.random.default_rng(6).normal(size=20_000)
    made, _ = contents(values, 1.1 * values + 0.3, per_event=1)
    centre, width, shift, ratio = centre_width_and_changes(made, resampling(0, Effort(replicas=400)), counted=False)
    assert centre.value == pytest.approx(np.median(values), abs=1e-3)
    assert centre.error == pytest.approx(np.sqrt(np.pi / 2 / 20_000), rel=0.25)
    assert width.value == pytest.approx(1.0, abs=0.02)
    assert shift.value == pytest.approx(0.3, abs=0.01)
    assert ratio.value == pytest.approx(1.1, abs=0.002)


def test_tail_fractions_of_a_gaussian() -> None:
    values = np.random.default_rng(7).normal(size=40_000)
    ledger = Ledger("toy")
    tails = tail_fractions(*contents(values, 1.2 * values, per_event=1), DRAWN, ledger, "x")
    low = next(tail for tail in tails if tail.sigmas == 3 and tail.side == "low")
    assert low.reference.value == pytest.approx(stats.norm.sf(3), abs=5e-4)
    assert low.candidate.value == pytest.approx(stats.norm.sf(2.5), abs=1e-3)
    assert ledger.names[0] == ("tails beyond 3 σ", "x")
