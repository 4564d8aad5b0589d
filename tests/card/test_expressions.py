"""Formulas give what NumPy gives, for any tree, and do it event by event where they look at events."""

import re
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashsim.card import Expression
from flashsim.errors import FlashSimError

COLUMNS = {
    "a": np.array([-2.0, 0.0, 0.5, 3.0, 7.0]),
    "n": np.array([-3, 0, 1, 2, 10], dtype=np.int32),
    "b": np.array([True, False, True, True, False]),
}
OFFSETS = np.array([0, 3, 3, 5])  # the second event is empty


def evaluate(text: str) -> np.ndarray:
    return Expression.parse(text).evaluate(COLUMNS.__getitem__, OFFSETS)


NAMESPACE = {
    "sqrt": np.sqrt, "exp": np.exp, "sin": np.sin, "arctan2": np.arctan2, "hypot": np.hypot, "abs": np.abs,
    "maximum": np.maximum, "log1p": np.log1p,
}  # fmt: skip
LITERALS = ["2", "0.5", "1e-3"]
LEAVES = st.sampled_from(["a", "n", *LITERALS])


def _numbers(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from(["+", "-", "*", "/", "%", "**"]), inner),
        st.builds("(-{})".format, inner),
        st.builds("{}({})".format, st.sampled_from(["sqrt", "exp", "sin", "abs", "log1p"]), inner),
        st.builds("{}({}, {})".format, st.sampled_from(["arctan2", "hypot", "maximum"]), inner, inner),
    )


NUMBERS = st.recursive(LEAVES, _numbers, max_leaves=12)
COMPARISONS = st.builds("({} {} {})".format, NUMBERS, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), NUMBERS)
CONDITIONS = st.recursive(
    st.one_of(COMPARISONS, st.just("b")),
    lambda inner: st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from(["&", "|"]), inner),
        st.builds("(~{})".format, inner),
    ),
    max_leaves=6,
)


def with_numpy(text: str) -> np.ndarray:
    """The oracle: Python itself on doubles; only here, on text that this test wrote."""
    columns = {name: values if name == "b" else values.astype(float) for name, values in COLUMNS.items()}
    columns |= {f"float_{index}": np.float64(literal) for index, literal in enumerate(LITERALS)}
    for index, literal in enumerate(LITERALS):
        text = re.sub(rf"(?<![\w.]){re.escape(literal)}(?![\w.])", f"float_{index}", text)
    with np.errstate(all="ignore"):
        return np.broadcast_to(eval(text, {}, NAMESPACE | columns), (5,))


@given(NUMBERS)
def test_arithmetic_is_numpys(text: str):
    np.testing.assert_allclose(evaluate(text), with_numpy(text), rtol=1e-12, equal_nan=True)


@given(CONDITIONS)
def test_conditions_are_numpys(text: str):
    values = evaluate(text)
    assert values.dtype == np.bool_
    np.testing.assert_array_equal(values, with_numpy(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 / n", [-1 / 3, np.inf, 1, 0.5, 0.1]),
        ("n ** 2", [9, 0, 1, 4, 100]),
        ("n % 4", [1, 0, 1, 2, 2]),
        ("9 ** 9 ** 9", [np.inf] * 5),  # in doubles: no integer of 369 million digits
        ("2", [2] * 5),
        ("where(a > 0, 1 / a, 0)", [0, 0, 2, 1 / 3, 1 / 7]),
        ("where(b, n, -n)", [-3, 0, 1, 2, -10]),
        ("clip(a, 0, 1)", [0, 0, 0.5, 1, 1]),
        ("sign(a)", [-1, 0, 1, 1, 1]),
        ("floor(n / 2 + 0.5)", [-1, 0, 1, 1, 5]),
        ("(a > 0) * 2", [0, 0, 2, 2, 2]),
        ("arctan2(a, a) * 4 / arctan2(0, -1)", [-3, 0, 1, 1, 1]),
        ("event_sum(n)", [-2, -2, -2, 12, 12]),
        ("event_sum(b)", [2, 2, 2, 1, 1]),
        ("event_sum(1)", [3, 3, 3, 2, 2]),
        ("event_sum(a > 0) - (a > 0)", [1, 1, 0, 1, 1]),
        ("group_sum(n, b)", [-2, 0, -2, 2, 10]),  # b is true, false, true in the first event, true, false in the second
        ("group_sum(1, a > 0)", [2, 2, 1, 2, 2]),
        ("group_sum(n, 1) - event_sum(n)", [0] * 5),
        ("nearest(n, b)", [4, 1, 4, np.inf, 8]),
        ("nearest(n, n > 100)", [np.inf] * 5),
        ("nearest(n, 1) + 0 * of_nearest(1, 1, 1)", [3, 1, 1, 8, 8]),
        ("of_nearest(n, n, b)", [1, 1, -3, 0, 2]),
    ],
)
def test_numbers(text: str, expected: list[float]):
    values = evaluate(text)
    assert values.dtype == np.float64
    np.testing.assert_allclose(values, expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0 < a <= 3", [0, 0, 1, 1, 0]),
        ("isin(n, 2, -3)", [1, 0, 0, 1, 0]),
        ("isin(n, -a - 1, 10)", [0, 0, 0, 0, 1]),
        ("~b", [0, 1, 0, 0, 1]),
        ("not n", [0, 1, 0, 0, 0]),
        ("n & b", [1, 0, 1, 1, 0]),  # a number is true unless it is zero
        ("a > 0 and n < 5 or b", [1, 0, 1, 1, 0]),
        ("b & (a > 1) | ~b & (a < 1)", [0, 1, 0, 1, 0]),
        ("(a > 0) == (n > 0)", [1, 1, 1, 1, 1]),
        ("b", [1, 0, 1, 1, 0]),
        ("1 < 2", [1] * 5),
        ("first_of(b)", [1, 1, 0, 1, 1]),
        ("first_of(1)", [1, 0, 0, 1, 0]),
    ],
)
def test_conditions(text: str, expected: list[int]):
    values = evaluate(text)
    assert values.dtype == np.bool_
    np.testing.assert_array_equal(values, np.array(expected, dtype=bool))


@pytest.mark.parametrize(
    "text",
    [
        "a",
        "1",
        "a > 1",
        "event_sum(a)",
        "group_sum(a, a)",
        "first_of(a)",
        "nearest(a, a)",
        "of_nearest(a, a, a)",
        "charge(a)",
        "isin(a, 1)",
        "where(a, 1, 2)",
    ],
)
def test_no_objects_give_no_values(text: str):
    for offsets in (np.array([0]), np.array([0, 0, 0])):
        values = Expression.parse(text).evaluate(lambda _: np.zeros(0), offsets)
        assert values.shape == (0,)


@pytest.mark.parametrize("seed", range(5))
def test_the_nearest_is_that_of_all_pairs(seed: int):
    """Also among equal values, and where some objects do not count."""
    random = np.random.default_rng(seed)
    offsets = np.concatenate([[0], np.cumsum(random.integers(0, 9, 30))])
    n = int(offsets[-1])
    columns = {"x": random.integers(0, 12, n).astype(float), "w": random.random(n) < 0.5, "y": np.arange(n) + 1.0}
    event = np.repeat(np.arange(30), np.diff(offsets))
    allowed = (event[:, None] == event) & columns["w"] & ~np.eye(n, dtype=bool)
    distance = np.where(allowed, np.abs(columns["x"][:, None] - columns["x"]), np.inf)
    found = Expression.parse("nearest(x, w)").evaluate(columns.__getitem__, offsets)
    np.testing.assert_array_equal(found, distance.min(axis=1))
    whose = Expression.parse("of_nearest(y, x, w)").evaluate(columns.__getitem__, offsets)
    some = np.isfinite(found)
    assert np.all(whose[~some] == 0)
    np.testing.assert_array_equal(distance[some, whose[some].astype(int) - 1], found[some])


def test_sums_of_an_event_have_the_same_bits_whatever_else_is_in_the_chunk():
    values = np.random.default_rng(1).normal(size=10_000) * 1e3
    offsets = np.array([0, 17, 5000, 10_000])
    expression = Expression.parse("event_sum(x)")
    together = expression.evaluate(lambda _: values, offsets)
    alone = [
        expression.evaluate(lambda _, part=values[start:stop]: part, np.array([0, stop - start]))
        for start, stop in pairwise(offsets)
    ]
    np.testing.assert_array_equal(together, np.concatenate(alone))


def test_a_nan_stays_in_its_event():
    values = np.array([np.nan, 1.0, 2.0])
    sums = Expression.parse("event_sum(x)").evaluate(lambda _: values, np.array([0, 1, 3]))
    np.testing.assert_array_equal(sums, [np.nan, 3, 3])


def test_names_are_those_of_columns_only():
    assert Expression.parse("sqrt(x**2 + y) + where(b, 1, x)").names == {"x", "y", "b"}


def test_a_column_of_wrong_length_is_refused():
    with pytest.raises(FlashSimError, match=r"'x' has 2 values for 5 objects"):
        Expression.parse("x").evaluate(lambda _: np.zeros(2), OFFSETS)
