"""Maps on a grid: what they hold exactly, how fast they come near what they stand for, and where they end."""

import numpy as np
import pytest
from truth import BELL, HIGH, LOW, bell_strength, grid_of, integrated, particles

from flashsim.errors import FlashSimError
from flashsim.propagation import FieldMap, UniformAcross, UniformAlong, propagate

PLANE = 9400.0


def largest_miss(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> float:
    """The largest distance of two answers in x and y, mm."""
    assert (one["reached"] == other["reached"]).all()
    return float(np.hypot(one["x"] - other["x"], one["y"] - other["y"]).max())


@pytest.mark.parametrize(
    ("strength", "exact"),
    [((0.0, 0.0, 1.5), UniformAlong(1.5, -200, 9400)), ((0.1, 0.3, 0.0), UniformAcross(0.1, 0.3, -200, 9400))],
    ids=["along", "across"],
)
def test_a_map_of_a_uniform_field_is_the_uniform_field(strength: tuple, exact):
    grid = grid_of(lambda x, y, z: strength, LOW, HIGH, (3, 4, 5))
    position, momentum, charge = particles(200, seed=1, lowest=8.0)
    wanted = propagate(position, momentum, charge, PLANE, exact)
    misses = [largest_miss(propagate(position, momentum, charge, PLANE, FieldMap(grid, s)), wanted) for s in (200, 100)]
    assert misses[1] < 2e-5
    assert misses[0] / misses[1] == pytest.approx(16, rel=0.3)  # the fourth order of the steps


def test_a_field_linear_in_space_is_exact_on_any_grid():
    """A quadrupole and a rising dipole: interpolation loses nothing."""

    def field(x, y, z):
        return 2e-4 * y, 2e-4 * x + 1e-5 * z, 0 * z

    position, momentum, charge = particles(10, seed=2, lowest=20.0)
    coarse, fine = (FieldMap(grid_of(field, LOW, HIGH, counts), 50.0) for counts in ((2, 2, 2), (9, 7, 25)))
    found = propagate(position, momentum, charge, PLANE, coarse)
    assert largest_miss(found, propagate(position, momentum, charge, PLANE, fine)) < 1e-8
    for row in range(10):
        wanted = integrated(position[row], momentum[row], charge[row], PLANE, field)
        assert [found["x"][row], found["y"][row]] == pytest.approx(wanted[:2], abs=1e-4)


def test_a_finer_grid_is_better_by_its_square():
    """Against the bell itself, the error of which is below a nanometre."""
    position, momentum, charge = particles(300, seed=3, lowest=10.0)
    wanted = propagate(position, momentum, charge, PLANE, BELL)
    misses = []
    for points in (25, 49, 97):
        grid = grid_of(
            lambda x, y, z: (0 * z, bell_strength(BELL, z), 0 * z), (LOW[0], LOW[1], -200.0), HIGH, (3, 3, points)
        )
        misses.append(largest_miss(propagate(position, momentum, charge, PLANE, FieldMap(grid, 25.0)), wanted))
    assert misses[0] / misses[1] == pytest.approx(4, rel=0.15)
    assert misses[1] / misses[2] == pytest.approx(4, rel=0.15)


def test_across_the_beam_a_finer_grid_is_better_by_its_square():
    def field(x, y, z):
        return 0.2 * np.sin(y / 700), 0.3 * np.cos(x / 900), 0 * z

    position, momentum, charge = particles(100, seed=4, lowest=10.0)
    results = [
        propagate(position, momentum, charge, PLANE, FieldMap(grid_of(field, LOW, HIGH, (n, n, 2)), 100.0))
        for n in (21, 41, 81, 641)
    ]
    misses = [largest_miss(one, results[-1]) for one in results[:-1]]
    assert misses[0] / misses[1] == pytest.approx(4, rel=0.35)
    assert misses[1] / misses[2] == pytest.approx(4, rel=0.35)


def test_the_polarity_turned_round_bends_the_other_charge():
    grid = grid_of(lambda x, y, z: (0.1, 0.4, 0.05), LOW, HIGH, (2, 2, 2))
    position, momentum, charge = particles(100, seed=5, lowest=10.0)
    one = propagate(position, momentum, charge, PLANE, FieldMap(grid, 100.0, scale=-1.0))
    other = propagate(position, momentum, -charge, PLANE, FieldMap(grid, 100.0))
    assert largest_miss(one, other) == 0


def test_beyond_the_map_there_is_no_field():
    """Behind it lines are straight; beside it too, as far as steps tell where it ends."""
    grid = grid_of(lambda x, y, z: (0.0, 0.4, 0.0), (-500, -500, 1000), (500, 500, 3000), (3, 3, 3))
    position, momentum, charge = particles(300, seed=6, lowest=10.0)
    inside = momentum[:, :2] / momentum[:, 2:] * 3000
    found = propagate(position, momentum, charge, PLANE, FieldMap(grid, 20.0))
    exact = propagate(position, momentum, charge, PLANE, UniformAcross(0.0, 0.4, 1000, 3000))
    through = (np.abs(inside) < 300).all(axis=1)
    assert through.sum() > 5
    np.testing.assert_allclose(found["x"][through], exact["x"][through], atol=1e-4)
    beside = propagate(position + np.array([2000.0, 0, 0]), momentum, charge, PLANE, FieldMap(grid, 20.0))
    away = np.abs(2000 + inside[:, 0]) > 700
    np.testing.assert_allclose(beside["px"][away], momentum[away, 0], atol=1e-12)


def test_a_map_may_refuse_what_is_beyond_it():
    grid = grid_of(lambda x, y, z: (0.0, 0.4, 0.0), (-500, -500, 0), (500, 500, 3000), (3, 3, 3))
    strict = FieldMap(grid, 100.0, "[field.magnet]", outside_is_error=True)
    straight_on = np.array([[0.0, 0, 20]])
    assert propagate(np.array([[0.0, 0, 10]]), straight_on, np.ones(1), 3000.0, strict)["reached"][0]
    for place, plane in (([600.0, 0, 10], 3000.0), ([0.0, 0, -10], 3000.0), ([0.0, 0, 10], 3001.0)):
        with pytest.raises(FlashSimError, match=r"\[field.magnet\].*outside of the map, at x = .*outside = 'zero'"):
            propagate(np.array([place]), straight_on, np.ones(1), plane, strict)
    with pytest.raises(FlashSimError, match=r"1 such particles of 2"):
        propagate(np.array([[0.0, 0, 10]] * 2), np.array([[0.0, 0, 20], [5.0, 0, 10]]), np.zeros(2), 3000.0, strict)
