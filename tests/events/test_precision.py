"""Short mantissas: rounding as NanoAOD does it, and a place within the step for what was rounded."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashsim.events import is_rounded, rounded, spread

PRECISIONS = st.integers(1, 22)
NUMBERS = st.floats(width=32, allow_nan=False, allow_infinity=False, min_value=-(2.0**100), max_value=2.0**100)


@given(st.lists(NUMBERS, min_size=1), PRECISIONS)
def test_the_nearest_number_with_so_many_bits(values: list[float], precision: int):
    numbers = np.array(values, np.float32)
    found = rounded(numbers, precision)
    assert is_rounded(found, precision).all()
    assert np.array_equal(rounded(found, precision), found)
    normal = np.abs(numbers) > 2.0**-126  # below there are fewer bits
    error = np.abs(found.astype(float) - numbers)[normal]
    assert (error <= 2.0 ** -(precision + 1) * np.abs(numbers[normal].astype(float))).all()


@given(st.lists(NUMBERS, min_size=1), PRECISIONS, st.integers(0, 2**32 - 1))
def test_spread_values_are_rounded_back(values: list[float], precision: int, word: int):
    numbers = rounded(np.array(values, np.float32), precision)
    numbers = numbers[(np.abs(numbers) > 1e-30) | (numbers == 0)]
    assert np.array_equal(rounded(spread(numbers, precision, np.full(len(numbers), word)), precision), numbers)


def test_rounded_densities_are_densities_again():
    random = np.random.default_rng(1)
    values = random.uniform(1, 4, 200_000).astype(np.float32)
    words = random.integers(0, 2**32, len(values), dtype=np.uint64)
    again = spread(rounded(values, 5), 5, words)
    assert len(np.unique(rounded(values, 5))) == 2 * 32 + 1
    assert len(np.unique(again)) > 150_000
    counts = np.histogram(again, 280, (1.1, 3.9))[0]
    assert counts.std() < 1.2 * np.sqrt(counts.mean())


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf])
def test_what_stands_for_something_stays(value: float):
    numbers = np.full(100, value, np.float32)
    words = np.random.default_rng(0).integers(0, 2**32, 100, dtype=np.uint64)
    np.testing.assert_array_equal(spread(numbers, 10, words), numbers)
    np.testing.assert_array_equal(rounded(numbers, 10), numbers)
