"""What training draws: laws of the numbers, and orders that are permutations."""

from collections import Counter

import jax
import numpy as np
import pytest
from scipy import stats

from flashsim.random import normal, permutation, uniform

KEY = jax.random.key(3)


@pytest.mark.parametrize("size", [1, 3, 128, 79_872])
def test_an_order_has_every_number_once(size: int):
    order = np.asarray(permutation(KEY, size))
    np.testing.assert_array_equal(np.sort(order), np.arange(size))


def test_all_orders_of_four_are_equally_probable():
    keys = jax.random.split(jax.random.key(0), 24_000)
    orders = Counter(map(tuple, np.asarray(jax.vmap(lambda key: permutation(key, 4))(keys)).tolist()))
    assert len(orders) == 24
    assert stats.chisquare(list(orders.values())).pvalue > 1e-3


def test_where_a_row_comes_says_nothing_of_where_others_come():
    size = 50_000
    order, other = (np.asarray(permutation(jax.random.key(seed), size)) for seed in (0, 1))
    for a, b in ((order, np.arange(size)), (order[1:], order[:-1]), (order, other)):
        assert abs(np.corrcoef(a, b)[0, 1]) < 5 / np.sqrt(size)
    steps = np.diff(order) % size
    assert stats.kstest(steps / size, "uniform").pvalue > 1e-3


def test_numbers_have_their_laws_and_streams_do_not_know_each_other():
    one, two = (np.asarray(normal(KEY, stream, 20_000, 4)) for stream in (0, 1))
    assert stats.kstest(one.ravel(), "norm").pvalue > 1e-3
    assert stats.kstest(np.asarray(uniform(KEY, 2, 20_000, 4)).ravel(), "uniform").pvalue > 1e-3
    together = np.corrcoef(np.concatenate([one, two], axis=1).T) - np.eye(8)
    assert np.abs(together).max() < 5 / np.sqrt(20_000)


def test_a_number_depends_on_its_place_and_not_on_how_many_there_are():
    np.testing.assert_array_equal(normal(KEY, 0, 10, 3), normal(KEY, 0, 20, 5)[:10, :3])
