"""Flows with a density: it integrates to one, is that of the samples, and is learnt to what theory allows."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from flashsim.card import Training
from flashsim.models import AbstractDensity, MaskedAutoregressive, SplineCoupling
from flashsim.models.spline_coupling import layers_for, moving_outputs
from flashsim.nets import Affine, Spline
from flashsim.training import TrainingData, fit

SIZES = {"width": 16, "depth": 2, "key": jax.random.key(0)}
FLOWS = {
    "spline-coupling": lambda targets: SplineCoupling.create(2, targets, layers=4, bins=4, **SIZES),
    "masked-autoregressive": lambda targets: MaskedAutoregressive.create(
        2, targets, layers=3, bijection=Affine(), **SIZES
    ),
    "spline-autoregressive": lambda targets: MaskedAutoregressive.create(
        2, targets, layers=2, bijection=Spline(4), **SIZES
    ),
}
EVERY = pytest.mark.parametrize("family", FLOWS)
CONDITIONS = jnp.array([0.5, -1.0])


def moved(family: str, targets: int) -> AbstractDensity:
    """A flow far from the identity."""
    flow = FLOWS[family](targets)
    leaves, tree = jax.tree.flatten(flow)
    keys = jax.random.split(jax.random.key(1), len(leaves))
    return jax.tree.unflatten(
        tree, [leaf + 0.1 * jax.random.normal(key, leaf.shape) for leaf, key in zip(leaves, keys, strict=True)]
    )


@eqx.filter_jit
def log_densities(flow: AbstractDensity, conditions: jax.Array, targets: jax.Array) -> jax.Array:
    return jax.vmap(flow.log_density)(conditions, targets)


@eqx.filter_jit
def samples(flow: AbstractDensity, conditions: jax.Array, noise: jax.Array) -> jax.Array:
    return jax.vmap(flow.sample)(conditions, noise)


@EVERY
@pytest.mark.parametrize(("targets", "points"), [(1, 4001), (2, 801)])
def test_the_density_integrates_to_one(family: str, targets: int, points: int):
    line = jnp.linspace(-12, 12, points)
    grid = jnp.stack(jnp.meshgrid(*[line] * targets), axis=-1).reshape(-1, targets)
    logarithms = log_densities(moved(family, targets), jnp.broadcast_to(CONDITIONS, (len(grid), 2)), grid)
    total = np.exp(np.asarray(logarithms, np.float64)).sum() * float(line[1] - line[0]) ** targets
    assert total == pytest.approx(1.0, abs=2e-3)


@EVERY
def test_the_density_is_that_of_the_samples(family: str):
    """log p(x) = log N(z) − log |det ∂x/∂z|, with the Jacobian of sampling by automatic differentiation."""
    flow = moved(family, 3)
    noise = jax.random.normal(jax.random.key(2), (50, 3))
    conditions = jnp.broadcast_to(CONDITIONS, (50, 2))
    drawn = samples(flow, conditions, noise)
    jacobian = jax.jit(jax.vmap(jax.jacfwd(lambda z: flow.sample(CONDITIONS, z))))(noise)
    wanted = jax.scipy.stats.norm.logpdf(noise).sum(axis=1) - jnp.linalg.slogdet(jacobian)[1]
    np.testing.assert_allclose(log_densities(flow, conditions, drawn), wanted, atol=5e-3)


@EVERY
def test_untrained_it_is_the_standard_normal(family: str):
    noise = jax.random.normal(jax.random.key(2), (50, 3))
    conditions = jnp.broadcast_to(CONDITIONS, (50, 2))
    wanted = jax.scipy.stats.norm.logpdf(noise).sum(axis=1)
    np.testing.assert_allclose(log_densities(FLOWS[family](3), conditions, noise), wanted, atol=1e-4)
    drawn = np.asarray(samples(FLOWS[family](3), conditions, noise))
    np.testing.assert_allclose(np.sort(drawn), np.sort(noise), atol=1e-5)


@pytest.mark.parametrize("targets", [1, 2, 3, 5, 8, 20])
def test_any_two_outputs_are_told_apart_in_some_coupling(targets: int):
    layers = [moving_outputs(layer, targets) for layer in range(layers_for(targets))]
    assert all(0 < len(moving) < max(targets, 2) for moving in layers)
    for one in range(targets):
        for other in range(targets):
            assert one == other or any(one in moving and other not in moving for moving in layers)


def waves(objects: int, seed: int) -> tuple[TrainingData, float]:
    """x₀ ~ N(c, 1), x₁ ~ N(sin 2x₀, e^(c/2)/2), x₂ ~ N(x₀ − x₁, 1/2): a sample, and its entropy given c."""
    random = np.random.default_rng(seed)
    c = random.uniform(-1, 1, objects)
    normal = random.normal(size=(3, objects))
    x = [c + normal[0]]
    x.append(np.sin(2 * x[0]) + 0.5 * np.exp(c / 2) * normal[1])
    x.append(x[0] - x[1] + 0.5 * normal[2])
    # Of the sample, not of its population: the fluctuations of both are the same.
    surprise = 0.5 * (normal**2).sum(axis=0) + 1.5 * np.log(2 * np.pi) + c / 2 + 2 * np.log(0.5)
    data = np.stack([c, random.normal(size=objects)], axis=1), np.stack(x, axis=1), np.ones(objects)
    return TrainingData(*(column.astype(np.float32) for column in data)), float(surprise.mean())


@EVERY
def test_it_learns_the_likelihood_that_theory_allows(family: str):
    training, _ = waves(20_000, 0)
    validation, entropy = waves(4_000, 1)
    settings = Training(epochs=10, batch=256, learning_rate=1e-2)
    flow, history = fit(FLOWS[family](3), training, validation, settings)
    best = min(epoch.validation for epoch in history)
    assert entropy - 0.005 < best < entropy + 0.08
    # And samples have that density: conditional means and widths are right.
    conditions = jnp.broadcast_to(jnp.array([0.8, 0.0]), (20_000, 2))
    drawn = samples(flow, conditions, jax.random.normal(jax.random.key(5), (20_000, 3)))
    middle = np.sin(1.6) * np.exp(-2)  # the mean of sin 2x₀
    np.testing.assert_allclose(drawn.mean(axis=0), [0.8, middle, 0.8 - middle], atol=0.1)
    np.testing.assert_allclose(drawn[:, 0].std(), 1.0, rtol=0.06)
    residual = drawn[:, 1] - jnp.sin(2 * drawn[:, 0])
    np.testing.assert_allclose(residual.std(), 0.5 * np.exp(0.4), rtol=0.15)
