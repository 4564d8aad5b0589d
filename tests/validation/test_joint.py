"""Joint distances against closed forms; blocks against the whole."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import cdist

from flashsim.validation import StageView, Table, validate_blocks
from flashsim.validation.statistics.cumulative import sliced_wasserstein
from flashsim.validation.statistics.frechet import frechet_distance, moments
from flashsim.validation.statistics.pairwise import energy, pair_sums, polynomial, quadratic_distance
from flashsim.validation.views.blocks import KeptSample, in_blocks

from .toys import SMALL, response_view, validated


def quadratic(kernel, first: np.ndarray, second: np.ndarray) -> float:
    """The distance that a kernel gives between two samples, each a cell of its own."""
    values = np.concatenate([first, second])
    cell = np.repeat([0, 1], [len(first), len(second)])
    sums = pair_sums(kernel, values, np.ones(len(values)), cell, 2)
    left, right = np.array([[1 / len(first), 0.0]]), np.array([[0.0, 1 / len(second)]])
    return float(quadratic_distance(sums)(left, right)[0, 0])


def numbers(tree: Any) -> list[float]:
    """All numbers of a tree of lists and dictionaries."""
    if isinstance(tree, dict | list):
        return [found for part in (tree.values() if isinstance(tree, dict) else tree) for found in numbers(part)]
    return [float(tree)] if isinstance(tree, int | float) else []


def test_energy_distance_is_scipys_in_one_dimension() -> None:
    generator = np.random.default_rng(0)
    first, second = generator.normal(size=(300, 1)), generator.normal(0.7, 1.3, size=(400, 1))
    # scipy's is the root of 2 E|X-Y| - E|X-X'| - E|Y-Y'|
    assert quadratic(energy, first, second) == pytest.approx(stats.energy_distance(first[:, 0], second[:, 0]), rel=1e-6)


def test_energy_distance_of_shifted_gaussians() -> None:
    generator = np.random.default_rng(1)
    shift = 1.0
    first, second = generator.normal(size=(3000, 1)), generator.normal(shift, 1, size=(3000, 1))
    # E|N(m, 2)| = 2/sqrt(pi) exp(-m²/4) + m (1 - 2 Phi(-m/sqrt 2))
    between = 2 / np.sqrt(np.pi) * np.exp(-(shift**2) / 4) + shift * (1 - 2 * stats.norm.cdf(-shift / np.sqrt(2)))
    expected = 2 * between - 2 * 2 / np.sqrt(np.pi)
    assert quadratic(energy, first, second) ** 2 == pytest.approx(expected, abs=0.05)


def test_kernel_distance_is_the_mean_over_pairs() -> None:
    generator = np.random.default_rng(2)
    first, second = generator.normal(size=(60, 4)), generator.normal(size=(50, 4))
    expected = (
        polynomial(first, first).mean() + polynomial(second, second).mean() - 2 * polynomial(first, second).mean()
    )
    assert quadratic(polynomial, first, second) ** 2 == pytest.approx(expected)


def test_pair_sums_are_those_of_all_pairs() -> None:
    generator = np.random.default_rng(3)
    values, weight = generator.normal(size=(1300, 3)), generator.normal(size=1300)
    cell = generator.integers(0, 5, 1300)
    inside = (cell[:, None] == np.arange(6)) * weight[:, None]
    expected = -inside.T @ cdist(values, values) @ inside
    assert pair_sums(energy, values, weight, cell, 6) == pytest.approx(expected, abs=1e-4)


def test_frechet_distance_of_gaussians() -> None:
    first = np.random.default_rng(4).multivariate_normal([0, 0, 0], np.diag([1.0, 4.0, 0.25]), 1000)
    mean, covariance = first.mean(axis=0), np.cov(first.T, bias=True)
    scale, shift = 1.7, np.array([0.5, -1.0, 0.1])
    second = scale * (first - mean) + mean + shift
    # A scaled copy: |shift|² + (1 - scale)² tr(covariance)
    expected = np.sqrt(shift @ shift + (1 - scale) ** 2 * np.trace(covariance))
    packed = [moments(values).mean(axis=0, keepdims=True) for values in (first, second)]
    assert frechet_distance(*packed)[0, 0] == pytest.approx(expected)
    assert frechet_distance(packed[0], packed[0])[0, 0] == pytest.approx(0.0, abs=1e-6)


def test_sliced_wasserstein_is_the_mean_over_directions() -> None:
    steps = np.array([[1.0, 2.0], [0.5, 0.5]])
    left, right = np.array([[0.0, 0.5, 0.2, 0.4]]), np.array([[0.1, 0.5, 0.4, 0.4]])
    assert sliced_wasserstein(steps)(left, right)[0, 0] == pytest.approx((0.1 * 1.0 + 0.2 * 0.5) / 2)


def test_blocks_give_what_the_whole_gives() -> None:
    view = response_view(events=120, per_event=5)
    view = replace(view, outputs=["dp", "ndof"], covariances={})
    whole = numbers(json.loads(validated([view], {}, "toy", {}).to_json())["stages"])
    blocks = [[block] for block in in_blocks(view, rows=100)]
    assert len(blocks) > 5
    parts = numbers(json.loads(validate_blocks(blocks, {}, "toy", {}, effort=SMALL).metrics.to_json())["stages"])
    assert parts == pytest.approx(whole, rel=1e-6, abs=1e-9)


def test_what_is_kept_has_whole_events_of_both_samples_whatever_the_order() -> None:
    generator = np.random.default_rng(5)
    event = np.sort(generator.integers(0, 400, 4000))
    table = Table({"x": generator.normal(size=4000)}, event, binning={})
    view = StageView("s", "response", table, table, [], ["x"])
    blocks = list(in_blocks(view, rows=500))
    kept = []
    for order in (blocks, blocks[::-1]):
        sample = KeptSample(1000)
        for block in order:
            sample.add(block)
        found = sample.view()
        assert len(found.reference) <= 1000
        assert len(found.reference) > 500
        assert (np.unique(found.reference.event) == np.unique(found.candidate.event)).all()
        whole = np.isin(event, found.reference.event).sum()
        assert whole == len(found.reference)
        kept.append(len(found.reference))
    assert min(kept) > 0
