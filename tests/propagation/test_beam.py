"""The point closest to the beam, on lines and on helices, and of particles that have none."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from truth import particles

from flashsim.propagation import UniformAlong, propagate

FIELDS = {"none": None, "solenoid": UniformAlong(3.8), "weak": UniformAlong(-1e-6)}
every_field = pytest.mark.parametrize("name", FIELDS)


def born(count: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Particles of all directions, some centimetres from the beam."""
    position, momentum, charge = particles(count, seed, lowest=0.5)
    momentum *= np.random.default_rng(seed).choice([-1, 1], momentum.shape)
    return position * 10, momentum, charge


@every_field
def test_there_the_direction_is_across_the_way_to_the_beam(name: str):
    position, momentum, charge = born(500, seed=1)
    found = propagate(position, momentum, charge, "beam", FIELDS[name])
    assert found["reached"].all()
    sine = (found["x"] * found["px"] + found["y"] * found["py"]) / np.hypot(found["px"], found["py"])
    np.testing.assert_allclose(sine, 0, atol=1e-9)
    np.testing.assert_allclose(found["pz"], momentum[:, 2], rtol=1e-15)


@every_field
def test_no_point_nearby_is_closer(name: str):
    position, momentum, charge = born(50, seed=2)
    found = propagate(position, momentum, charge, "beam", FIELDS[name])
    closest = np.hypot(found["x"], found["y"])
    for row in range(50):
        for plane in found["z"][row] + np.array([-200, -20, -1, 1, 20, 200]):
            some = slice(row, row + 1)
            other = propagate(position[some], momentum[some], charge[some], plane, FIELDS[name], backward=True)
            assert other["reached"][0]
            assert np.hypot(other["x"], other["y"])[0] >= closest[row] - 1e-9


def test_a_field_that_vanishes_makes_a_line():
    position, momentum, charge = born(500, seed=3)
    line = propagate(position, momentum, np.zeros(500), "beam", UniformAlong(3.8))
    for charges, field in ((charge, None), (charge, UniformAlong(1e-9))):
        found = propagate(position, momentum, charges, "beam", field)
        for part in ("x", "y", "z", "path"):
            np.testing.assert_allclose(found[part], line[part], atol=1e-3)


def test_by_hand():
    """Along the diagonal x = y - 2 in the plane z = x: closest at (-1, 1), where z = -1."""
    found = propagate(np.array([[1.0, 3, 1]]), np.array([[2.0, 2, 2]]), np.ones(1), "beam")
    assert [found[part][0] for part in ("x", "y", "z")] == pytest.approx([-1, 1, -1])
    assert found["path"][0] == pytest.approx(-np.sqrt(12))


@every_field
@pytest.mark.parametrize(
    ("momentum", "reached"), [([0, 0, 5], True), ([0, 0, -5], True), ([1e-12, 0, 5], True), ([0, 0, 0], False)]
)
def test_what_is_parallel_to_the_beam_stays(momentum: list[float], reached: bool, name: str):
    found = propagate(np.array([[1.0, 2, 3]]), np.array([momentum], float), np.ones(1), "beam", FIELDS[name])
    assert [found[part][0] for part in ("x", "y", "z", "path")] == [1, 2, 3, 0]
    assert found["reached"][0] == reached


@every_field
def test_what_flies_across_the_beam_has_a_closest_point_too(name: str):
    found = propagate(np.array([[10.0, 2, 3]]), np.array([[5.0, 0, 0]]), np.ones(1), "beam", FIELDS[name])
    assert found["reached"][0]
    assert found["z"][0] == 3
    assert (found["tx"][0], found["ty"][0]) == (0, 0)
    assert np.hypot(found["x"], found["y"])[0] <= 2.1


numbers = st.floats(-1e9, 1e9)


@given(st.lists(st.tuples(*[numbers] * 7), min_size=1, max_size=8), st.sampled_from(sorted(FIELDS)))
def test_any_numbers_give_numbers(rows, name: str):
    table = np.array(rows)
    found = propagate(table[:, :3], table[:, 3:6], table[:, 6], "beam", FIELDS[name])
    assert all(np.isfinite(values).all() for values in found.values())
