"""Types are found out from values alone: each case draws values of a known type, which must come back."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flashsim.drafts.kinds import kind_of_values

Draw = Callable[[np.random.Generator, int], np.ndarray]


class Case(NamedTuple):
    type: str
    draw: Draw
    words: frozenset[str] = frozenset()


def rounded(values: np.ndarray) -> np.ndarray:
    """With ten bits of mantissa, as NanoAOD stores most of its numbers: many are equal, and none is a spike."""
    return (values.astype(np.float32).view(np.uint32) & np.uint32(0xFFFFE000)).view(np.float32)


def spiked(share: float, at: float, draw: Draw) -> Draw:
    def drawn(random: np.random.Generator, n: int) -> np.ndarray:
        return np.where(random.uniform(size=n) < share, at, draw(random, n))

    return drawn


CASES = {
    "normal": Case("continuous", lambda random, n: random.normal(size=n)),
    "normal, rounded": Case("continuous", lambda random, n: rounded(random.normal(1, 2, n))),
    "normal, in single precision": Case("continuous", lambda random, n: random.normal(size=n).astype(np.float32)),
    "exponential": Case("positive", lambda random, n: random.exponential(3, n) + 1e-9),
    "exponential, rounded": Case("positive", lambda random, n: rounded(random.exponential(0.1, n) + 1e-9)),
    "Poisson": Case("integer", lambda random, n: random.poisson(8, n)),
    "Poisson, stored as numbers": Case("integer", lambda random, n: random.poisson(8, n).astype(np.float32)),
    "signs": Case("integer", lambda random, n: random.choice([-1, 1], n)),
    "yes or no": Case("flag", lambda random, n: random.uniform(size=n) < 0.3),
    "yes or no, stored as numbers": Case("flag", lambda random, n: (random.uniform(size=n) < 0.3).astype(float)),
    "uniform angle": Case("angle", lambda random, n: random.uniform(-np.pi, np.pi, n)),
    "uniform angle from 0": Case("angle", lambda random, n: random.uniform(0, 2 * np.pi, n)),
    "an angle by name": Case("angle", lambda random, n: random.normal(0, 0.3, n), frozenset({"phi"})),
    "score": Case("bounded", lambda random, n: random.beta(0.5, 0.5, n)),
    "score between −1 and 1": Case("bounded", lambda random, n: np.cos(random.uniform(0, np.pi, n))),
    "a score by name": Case("bounded", lambda random, n: random.beta(5, 9, n), frozenset({"btag"})),
    "kinds": Case("category", lambda random, n: random.choice([0, 4, 5, 21], n), frozenset({"flavour"})),
    "default −999": Case("atoms", spiked(0.1, -999.0, lambda random, n: random.normal(size=n))),
    "zeros of an isolation": Case("atoms", spiked(0.4, 0.0, lambda random, n: rounded(random.exponential(0.2, n)))),
    "a score or −1": Case("atoms", spiked(0.03, -1.0, lambda random, n: random.beta(0.5, 0.5, n))),
    "a few values": Case("atoms", lambda random, n: random.choice([0.25, 0.5, 1.5], n)),
}
SPIKES = {
    "default −999": {-999.0},
    "zeros of an isolation": {0.0},
    "a score or −1": {-1.0},
    "a few values": {0.25, 0.5, 1.5},
}
SIZES = st.integers(min_value=1000, max_value=20_000)


@pytest.mark.parametrize("name", CASES)
@settings(max_examples=10)
@given(n=SIZES, seed=st.integers(min_value=0, max_value=2**32 - 1))
def test_the_type_comes_back(name: str, n: int, seed: int):
    case = CASES[name]
    kind = kind_of_values(case.draw(np.random.default_rng(seed), n), case.words)
    assert kind.type == case.type, kind
    assert set(kind.values or ()) == SPIKES.get(name, set()), kind
