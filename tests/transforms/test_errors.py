"""Data that cannot be transformed: the message names the column, the row and the value."""

import numpy as np
import pytest

from flashsim.errors import FlashSimError
from flashsim.transforms import KINDS, LogCholesky, SignedLog, fit_transform, from_config

GOOD = np.array([0.25, 0.5, 0.75, 0.9])
OPTIONS = {"bounded": {"low": 0.0, "high": 1.0}, "atoms": {"values": [0.5]}}


def with_row_2(value: float) -> np.ndarray:
    return np.array([0.0, 1.0, value, 1.0])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite(kind: str, value: float) -> None:
    with pytest.raises(FlashSimError, match=rf"^mass: row 2: {value} is not finite"):
        fit_transform(kind, with_row_2(value), name="mass", **OPTIONS.get(kind, {}))


@pytest.mark.parametrize("kind", KINDS)
def test_no_values(kind: str) -> None:
    with pytest.raises(FlashSimError, match=r"^mass: no values to fit a transform on"):
        fit_transform(kind, np.zeros(0), name="mass", **OPTIONS.get(kind, {}))


@pytest.mark.parametrize("kind", KINDS)
def test_constant_values(kind: str) -> None:
    with pytest.raises(FlashSimError, match=r"^mass.*: all 4 values are .*; a constant needs no model"):
        fit_transform(kind, np.ones(4), name="mass", **OPTIONS.get(kind, {}))


@pytest.mark.parametrize("kind", KINDS)
def test_weights_that_sum_to_nothing(kind: str) -> None:
    with pytest.raises(FlashSimError, match=r"^mass: the weights sum to 0; the sum must be positive"):
        fit_transform(kind, GOOD, np.array([1, -1, 1, -1]), name="mass", **OPTIONS.get(kind, {}))


@pytest.mark.parametrize(
    ("kind", "values", "options", "message"),
    [
        ("integer", with_row_2(0.5), {}, "mass: row 2: 0.5 is not an integer"),
        ("integer", with_row_2(2.0**25), {}, "mass: row 2: 33554432 is beyond 8388608"),
        ("integer", np.arange(5000), {}, "mass: 5000 different integers"),
        ("flag", with_row_2(2), {}, "mass: row 2: 2 is neither 0 nor 1"),
        ("category", with_row_2(0.5), {}, "mass: row 2: 0.5 is not a whole number"),
        ("category", with_row_2(2), {"values": [0, 1]}, "mass: row 2: 2 is not among `values`"),
        ("category", with_row_2(2), {"values": [0, 1, 2, 3]}, "mass: the class 3 does not occur"),
        ("category", np.arange(33), {}, "mass: 33 classes; a category has at most 32"),
        ("positive", with_row_2(-3), {}, "mass: row 0: 0 is not positive; .* (1 more row like it)"),
        ("bounded", with_row_2(7), {"low": 0, "high": 1}, r"mass: row 2: 7 is outside the bounds \[0, 1\]"),
        ("bounded", GOOD, {"low": 1, "high": 0}, "mass: the bounds are low = 1, high = 0"),
        ("bounded", GOOD, {}, "mass: type 'bounded' needs `low` and `high`"),
        ("atoms", GOOD, {"values": [0.1]}, "mass: the spike 0.1 does not occur"),
        ("atoms", GOOD, {}, "mass: type 'atoms' needs the values of its spikes"),
        ("continuous", np.ones((4, 2)), {}, "mass: type 'continuous' has one column, not 2"),
        ("covariance", np.ones((4, 2)), {}, "mass: a covariance has the .* columns of a lower triangle"),
        ("covariance", [[1.0, 0.5, 1.0], [1.0, 2.0, 1.0]], {}, "mass: row 1: 1, 2, 1 is not a positive-def"),
        ("covariance", [[1.0, 0.5, -1.0], [1.0, 0.0, 1.0]], {}, "mass: row 0: 1, 0.5, -1 is not a positive-"),
        ("continous", GOOD, {}, r"mass: unknown type 'continous' \(did you mean 'continuous'\?\)"),
    ],
)
def test_values_that_the_type_forbids(kind: str, values: object, options: dict, message: str) -> None:
    with pytest.raises(FlashSimError, match="^" + message.replace("(1", r"\(1").replace("it)", r"it\)")):
        fit_transform(kind, np.asarray(values), name="mass", **options)


def test_a_weight_that_is_not_finite() -> None:
    with pytest.raises(FlashSimError, match=r"^mass: weight: row 1: nan is not finite"):
        fit_transform("continuous", GOOD, np.array([1, np.nan, 1, 1]), name="mass")


def test_a_signed_logarithm_needs_a_scale() -> None:
    with pytest.raises(FlashSimError, match="all values are 0"):
        SignedLog.fit(np.zeros((4, 1)))


def test_a_configuration_of_an_unknown_transform() -> None:
    with pytest.raises(FlashSimError, match=r"unknown transform 'Angel' \(did you mean 'Angle'\?\)"):
        from_config({"transform": "Angel"}, {})


def test_a_configuration_that_lacks_its_arrays() -> None:
    with pytest.raises(FlashSimError, match=r"QuantileNormal: has fields .*, needs"):
        from_config({"transform": "QuantileNormal"}, {"table": np.zeros((1, 3))})


def test_the_largest_covariance() -> None:
    assert LogCholesky.fit(np.tile(np.eye(8)[np.tril_indices(8)], (2, 1))).width_physical == 36
    with pytest.raises(FlashSimError, match="k ≤ 8; not 45"):
        LogCholesky.fit(np.ones((2, 45)))
