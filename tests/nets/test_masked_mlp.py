"""A masked network: who sees whom, and that both ways of computing it agree."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from flashsim.nets import MaskedMLP

VALUES, CONDITIONS, PARAMETERS = 5, 3, 2


def network(width: int = 16, depth: int = 2) -> MaskedMLP:
    net = MaskedMLP(VALUES, CONDITIONS, PARAMETERS, width=width, depth=depth, key=jax.random.key(0))
    leaves, tree = jax.tree.flatten(net)
    keys = jax.random.split(jax.random.key(1), len(leaves))
    # All weights, also those that the masks hide.
    moved = [leaf + 0.3 * jax.random.normal(key, leaf.shape) for leaf, key in zip(leaves, keys, strict=True)]
    return jax.tree.unflatten(tree, moved)


@pytest.mark.parametrize(("width", "depth"), [(16, 1), (16, 3), (5, 2), (3, 2)])
def test_an_output_sees_the_values_before_it_and_every_condition(width: int, depth: int):
    net = network(width, depth)
    values, conditions = jnp.linspace(-1, 1, VALUES), jnp.ones(CONDITIONS)
    by_value, by_condition = jax.jit(jax.jacobian(net, argnums=(0, 1)))(values, conditions)
    seen = (np.asarray(by_value) != 0).any(axis=1)
    np.testing.assert_array_equal(seen, np.tril(np.ones((VALUES, VALUES), bool), -1))
    assert (np.asarray(by_condition) != 0).all()


@pytest.mark.parametrize("depth", [1, 3])
def test_one_by_one_gives_what_one_pass_gives(depth: int):
    net, conditions = network(depth=depth), jnp.array([0.5, -1.0, 2.0])

    def value(index: int, parameters: jax.Array) -> jax.Array:
        return jnp.sin(parameters[0]) + index * parameters[1]

    values = jax.jit(lambda c: net.one_by_one(c, value))(conditions)
    found = net(values, conditions)
    wanted = [value(index, parameters) for index, parameters in enumerate(found)]
    np.testing.assert_allclose(values, wanted, rtol=1e-5, atol=1e-6)


def test_an_untrained_network_predicts_zero():
    net = MaskedMLP(VALUES, CONDITIONS, PARAMETERS, width=8, depth=2, key=jax.random.key(0))
    np.testing.assert_array_equal(net(jnp.ones(VALUES), jnp.ones(CONDITIONS)), 0.0)
