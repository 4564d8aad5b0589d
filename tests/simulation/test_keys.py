"""Random numbers: which object it is decides about them, and nothing else."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import kstest

from flashsim.events import EventBatch
from flashsim.simulation.keys import KeysOnDemand, normal_noise, object_counters, object_keys, stage_number, words

BIG = 2**63 - 1


def one_event(run: int = 1, event: int = 1, objects: int = 2) -> EventBatch:
    offsets = np.array([0, objects], dtype=np.int64)
    return EventBatch(np.array([run], np.int64), np.array([event], np.int64), offsets, {})


def keys(batch: EventBatch, copy: int = 0, seed: int = 0) -> np.ndarray:
    copies = np.full(batch.n_events, copy, dtype=np.int64)
    return object_keys(seed, object_counters(batch, copies))


def test_every_part_of_an_objects_identity_changes_its_key():
    numbers = [0, 1, 2, -1, -2, 2**32, 2**32 + 1, -(2**32), BIG, -BIG - 1]
    found = [keys(one_event(run, event), copy) for run in numbers for event in numbers for copy in (0, 1)]
    found.append(keys(one_event(), seed=1))
    found.append(keys(one_event(), seed=2**32 - 1))
    rows = np.concatenate(found)
    assert len(np.unique(rows, axis=0)) == len(rows)


@pytest.mark.parametrize("value", [0, 1, -1, 2**32, -(2**32) - 7, BIG, -BIG - 1])
def test_words_lose_nothing(value: int):
    low, high = words(np.array([value], np.int64))
    assert (int(high[0]) << 32 | int(low[0])) == value % 2**64


def test_a_key_does_not_depend_on_what_comes_before_in_the_batch():
    first, second = one_event(event=1, objects=5), one_event(event=7, objects=3)
    both = EventBatch.concatenate([first, second])
    np.testing.assert_array_equal(keys(both)[5:], keys(second))


def test_keys_on_demand_are_those_of_all_objects():
    batch, copies = one_event(objects=100), np.zeros(1, np.int64)
    some, whole = KeysOnDemand(3, batch, copies, "Jet"), object_keys(3, object_counters(batch, copies), "Jet")
    for rows in (np.arange(100) % 7 == 0, np.arange(100) % 5 == 0, np.zeros(100, bool), np.ones(100, bool)):
        np.testing.assert_array_equal(some[rows], whole[rows])


def test_stages_have_numbers_of_their_own():
    names = ["acceptance", "track_type", "resolution", "covariance", "chi2", "ecal", "a", "b", "aa", "ab"]
    assert len({stage_number(name) for name in names}) == len(names)


@pytest.fixture(scope="module")
def noise() -> dict[str, np.ndarray]:
    many = jnp.asarray(keys(one_event(objects=20_000)))
    draw = jax.jit(normal_noise, static_argnums=2)
    return {name: np.asarray(draw(many, stage_number(name), 3)) for name in ("acceptance", "resolution")}


def test_noise_is_standard_normal(noise: dict[str, np.ndarray]):
    for column in noise["resolution"].T:
        assert kstest(column, "norm").pvalue > 1e-3


def test_noise_is_independent_between_stages_variables_and_neighbours(noise: dict[str, np.ndarray]):
    columns = np.concatenate([*noise.values(), np.roll(noise["resolution"], 1, axis=0)], axis=1)
    correlations = np.corrcoef(columns.T) - np.eye(columns.shape[1])
    assert np.abs(correlations).max() < 5 / np.sqrt(len(columns))
    squares = np.corrcoef((columns**2).T) - np.eye(columns.shape[1])
    assert np.abs(squares).max() < 5 / np.sqrt(len(columns))
