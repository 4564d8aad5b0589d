"""Where training was: what is like training is inside, an empty corner and a hole are not."""

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
import pytest

from flashsim.transforms import Conditions, fit_conditions
from flashsim.transforms.density import fit_density

OBJECTS = 10_000


def along_a_line(random: np.random.Generator, objects: int) -> np.ndarray:
    """Two conditions that follow each other, correlation 0.98: two corners of their square are empty."""
    shared = random.normal(size=objects)
    return np.stack([shared, 0.98 * shared + 0.2 * random.normal(size=objects)], axis=1)


def on_a_ring(random: np.random.Generator, objects: int) -> np.ndarray:
    """A ring of radius 3 and width 0.2 about the origin: a hole in the middle."""
    radius, angle = 3 + 0.2 * random.normal(size=objects), random.uniform(0, 2 * np.pi, objects)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def in_many_dimensions(random: np.random.Generator, objects: int) -> np.ndarray:
    return random.standard_t(4, size=(objects, 9)) @ np.random.default_rng(1).normal(size=(9, 9))


def fit(values: np.ndarray) -> Conditions:
    width = values.shape[1]
    return fit_conditions(values, np.zeros(width, bool), [f"c{index}" for index in range(width)])


@pytest.mark.parametrize("draw", [along_a_line, on_a_ring, in_many_dimensions])
def test_of_objects_like_those_of_training_one_in_a_thousand_is_flagged_at_most(draw: Callable):
    both = draw(np.random.default_rng(0), 2 * OBJECTS)
    conditions = fit(both[:OBJECTS])
    held_out = jnp.asarray(both[OBJECTS:], jnp.float32)
    sparse = conditions.density.is_sparse(conditions.forward(held_out)[:, : conditions.width])
    assert np.mean(np.asarray(sparse)) < 1e-3 + 3 * np.sqrt(1e-3 / OBJECTS)


@pytest.mark.parametrize("corner", [(1.5, -1.5), (-1.5, 1.5), (2.0, 0.0), (0.0, -2.0)])
def test_an_empty_corner_of_correlated_conditions_is_outside(corner: tuple[float, float]):
    """Each value lies well within its range."""
    conditions = fit(along_a_line(np.random.default_rng(0), OBJECTS))
    assert conditions.outside(jnp.asarray([corner], jnp.float32)).tolist() == [True]
    assert conditions.outside(jnp.asarray([[1.5, 1.5], [-1.0, -1.0], [0.0, 0.0]], jnp.float32)).tolist() == [False] * 3


def test_a_hole_is_outside_and_what_is_around_it_is_not():
    conditions = fit(on_a_ring(np.random.default_rng(0), OBJECTS))
    angle = np.linspace(0, 2 * np.pi, 50)
    ring = 3 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    assert conditions.outside(jnp.asarray([[0.0, 0.0], [0.5, -0.5]], jnp.float32)).all()
    assert not conditions.outside(jnp.asarray(ring, jnp.float32)).any()


def test_a_category_has_a_region_of_its_own():
    """One species at small values, the other at large ones: each where the other belongs is outside."""
    random = np.random.default_rng(0)
    first = random.uniform(size=OBJECTS) < 0.5
    number = np.where(first, -3.0, 3.0) + random.normal(size=OBJECTS)
    values = np.stack([first, ~first, number], axis=1).astype(float)
    conditions = fit_conditions(values, np.array([True, True, False]), ["species=1", "species=2", "x"])
    rows = jnp.asarray([[1, 0, -3], [0, 1, 3], [1, 0, 3], [0, 1, -3]], jnp.float32)
    assert conditions.outside(rows).tolist() == [False, False, True, True]


def test_a_condition_that_follows_from_others_does_no_harm():
    random = np.random.default_rng(0)
    values = random.normal(size=(OBJECTS, 2))
    conditions = fit(np.column_stack([values, values[:, 0] * 2 + 1, np.full(OBJECTS, 4.0)]))
    inside = jnp.asarray([[0.5, 0.5, 2.0, 4.0]], jnp.float32)
    assert conditions.outside(inside).tolist() == [False]


@pytest.mark.parametrize("latent", [np.zeros((100, 3)), np.ones((100, 1))])
def test_where_nothing_varies_nothing_is_sparse(latent: np.ndarray):
    density = fit_density(latent.astype(np.float32))
    assert not density.is_sparse(jnp.full((5, latent.shape[1]), 3.0)).any()


def test_a_release_of_before_the_density_finds_nothing_sparse():
    conditions = fit(along_a_line(np.random.default_rng(0), 2000))
    older = {name: table for name, table in conditions.arrays().items() if not name.startswith("density.")}
    loaded = Conditions.from_config(conditions.to_config(), older)
    assert loaded.outside(jnp.asarray([[1.5, -1.5], [9.0, 9.0]], jnp.float32)).tolist() == [False, True]
