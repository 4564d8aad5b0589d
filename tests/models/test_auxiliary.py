"""Auxiliary features are formulas of the outputs by name, in physical units, with gradients."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from flashsim.errors import FlashSimError
from flashsim.models import Auxiliary, LocationScale
from flashsim.transforms import Columns, Standard

OBJECTS = 200
BASE = LocationScale.create(1, 2, width=4, depth=1, key=jax.random.key(0))  # unfitted: it gives scores as they are
OUTPUTS = Columns(
    (Standard(jnp.array([10.0]), jnp.array([2.0])), Standard(jnp.array([-3.0]), jnp.array([0.5]))),
)
CONDITIONS = np.zeros((OBJECTS, 1), np.float32)
SCORES = np.random.default_rng(0).normal(size=(OBJECTS, 2)).astype(np.float32)
PHYSICAL = np.array([10.0, -3.0]) + np.array([2.0, 0.5]) * SCORES


def fit(texts: list[str], names: tuple[str, ...] = ("dx", "dy"), weights: np.ndarray | None = None) -> Auxiliary:
    ones = np.ones(OBJECTS, np.float32)
    return Auxiliary.fit(texts, names, BASE, OUTPUTS, CONDITIONS, SCORES, ones if weights is None else weights)


def test_a_feature_is_its_formula_in_physical_units():
    features = fit(["dx - dy", "hypot(dx, dy)", "where(dx > 10, dx * dy, 0)"])
    found = features.scaling.inverse(jax.vmap(features)(jnp.asarray(CONDITIONS), jnp.asarray(SCORES)))
    dx, dy = PHYSICAL.T
    wanted = np.stack([dx - dy, np.hypot(dx, dy), np.where(dx > 10, dx * dy, 0)], axis=1)
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-3)


def test_features_go_by_name_not_by_position():
    straight, turned = fit(["dx - dy"]), fit(["dx - dy"], names=("dy", "dx"))
    values = [f.scaling.inverse(f(jnp.zeros(1), jnp.ones(2))[None])[0, 0] for f in (straight, turned)]
    np.testing.assert_allclose(values, [14.5, -14.5], rtol=1e-4)


def test_features_are_on_the_scale_of_the_scores_and_have_gradients():
    features = fit(["dx - dy"])
    found = jax.vmap(features)(jnp.asarray(CONDITIONS), jnp.asarray(SCORES))
    assert float(jnp.median(found)) == pytest.approx(0.0, abs=0.1)
    assert float(found.std()) == pytest.approx(1.0, abs=0.2)
    gradient = jax.grad(lambda scores: features(jnp.zeros(1), scores)[0])(jnp.zeros(2))
    np.testing.assert_allclose(gradient * features.scaling.deviation, [2.0, -0.5], rtol=1e-3)


def test_a_formula_without_a_value_is_an_error():
    with pytest.raises(FlashSimError, match=r"'sqrt\(dy\)': is not finite for 200 of 200"):
        fit(["sqrt(dy)"])
