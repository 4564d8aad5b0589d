"""Operations of JAX, each in every format: what a new family may need beyond those of today."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from formats import FORMATS
from jax.scipy.special import ndtri

from flashsim.exports.functions import Exported

WIDTH = 4


OPERATIONS = {
    "powers": lambda x, y: x**2 + x**3 + jnp.abs(y) ** 0.3 + (2 + jnp.abs(x)) ** -2,
    "exponentials": lambda x, y: jnp.exp(x) + jnp.log(jnp.abs(y)) + jnp.expm1(x * 1e-4) + jnp.log1p(jnp.abs(y) * 1e-4),
    "logistic": lambda x, y: jax.nn.sigmoid(x) + jax.nn.softplus(y),
    "angles": lambda x, y: jnp.arctan2(x, y) + jnp.sin(x) * jnp.cos(y) + jnp.arctan(x),
    "hyperbolic": lambda x, y: jnp.sinh(x) + jnp.cosh(y) + jnp.arcsinh(x) + jnp.tanh(y),
    "normal": lambda x, y: jax.scipy.stats.norm.cdf(x) + ndtri(jax.nn.sigmoid(y)),
    "rounding": lambda x, y: jnp.round(3 * x) + jnp.floor(3 * y) + jnp.ceil(x) + jnp.sign(y),
    "choices": lambda x, y: jnp.where((x > y) & ~(y >= 0.5) | (x == y), jnp.maximum(x, 0.1), jnp.clip(y, -1.0, 1.0)),
    "whole numbers": lambda x, y: (jnp.int32(5 * x) // 2 % 3 + jnp.int32(y)).astype(jnp.float32),
    "softmax and its sum": lambda x, y: jnp.cumsum(jax.nn.softmax(x)) + jnp.max(y) - jnp.min(x) + jnp.sum(x * y),
    "all and any": lambda x, y: jnp.stack([(x > 0).all(), (y > 0).any(), (x > -9).all(), (y > 9).any()]) * 1.0,
    "matrices of an object": lambda x, y: (x.reshape(2, 2) @ y.reshape(2, 2)).ravel() + x @ y,
    "a constant on the left": lambda x, y: jnp.arange(8.0).reshape(4, 2) @ x[:2] + y,
    "moves": lambda x, y: jnp.concatenate([x[::-1][1:3], y.reshape(2, 2).T[0]]) + jnp.repeat(x[:2], 2),
    "a knot of a table": lambda x, y: jnp.take(jnp.arange(10.0) ** 2, jnp.int32(jnp.abs(3 * x)), mode="clip") + y,
    "a knot of an object": lambda x, y: jnp.take(x, jnp.int32(jnp.abs(y)), mode="clip"),
    "a knot of each of an object": lambda x, y: jnp.take_along_axis(
        x.reshape(2, 2), (y[:2, None] > 0).astype(jnp.int32), axis=1, mode="clip"
    )[:, 0],
    "the same for every object": lambda x, y: jnp.arange(4.0),
}
EXPORTED = [
    Exported(
        f"f{i}",
        lambda x, y, f=f: (f(x, y),),
        {"conditions": WIDTH, "noise": WIDTH},
        {"outputs": 2 if "each" in n else 4},
    )
    for i, (n, f) in enumerate(OPERATIONS.items())
]


@pytest.fixture(scope="module", params=["onnx", "c"])
def runs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory):
    return FORMATS[request.param](EXPORTED, tmp_path_factory.mktemp(request.param))


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_is_that_of_jax(operation: str, runs):
    exported = EXPORTED[list(OPERATIONS).index(operation)]
    random = np.random.default_rng(0)
    x, y = random.normal(size=(2, 200, WIDTH)).astype(np.float32)
    (wanted,) = jax.jit(jax.vmap(exported.function))(x, y)
    (found,) = runs[exported.name](x, y)
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=2e-6)


def test_no_objects_are_no_error(runs):
    assert runs["f0"](np.zeros((0, WIDTH), np.float32), np.zeros((0, WIDTH), np.float32))[0].shape == (0, 4)


def test_the_source_needs_nothing_but_the_standard_library(tmp_path: Path):
    FORMATS["c"](EXPORTED[:1], tmp_path)
    included = [line for line in (tmp_path / "toy.c").read_text().splitlines() if line.startswith("#include")]
    assert sorted(included) == ['#include "toy.h"', "#include <math.h>", "#include <stddef.h>", "#include <string.h>"]
