"""The laws of the transforms on data that nobody thought of."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from flashsim.transforms import Transform, fit_transform

ROWS = 12  # one shape, so that each transform compiles once

numbers = st.floats(-1e6, 1e6, width=32, allow_subnormal=False)
tables = {
    "continuous": numbers,
    "positive": st.floats(np.float32(1e-12), 1e6, width=32).map(np.float32),
    "bounded": st.floats(0, 1, width=32, allow_subnormal=False),
    "angle": st.floats(-3, 3, width=32, allow_subnormal=False),
    "integer": st.integers(-(2**23), 2**23),
    "flag": st.integers(0, 1),
    "category": st.integers(-(2**23), 2**23),
    "atoms": st.one_of(st.sampled_from([-999.0, 0.0]), numbers),
}
options = {"bounded": {"low": 0.0, "high": 1.0}}


@jax.jit
def there_and_back(transform: Transform, values: jax.Array, noise: jax.Array) -> tuple[jax.Array, ...]:
    latent = transform.forward(values, noise)
    moved = [transform.inverse(latent + shift) for shift in (-1e-5, 0.0, 1e-5)]
    return latent, *moved, transform.inverse(jnp.array([[-1e30], [1e30]]) * jnp.ones(transform.width_latent))


@pytest.mark.parametrize("kind", list(tables))
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_inverse_undoes_forward(kind: str, data: st.DataObject) -> None:
    column = data.draw(arrays(np.float32, ROWS, elements=tables[kind].map(np.float32)))
    # A bounded variable is not told apart within 1e-6 of its ends: such a column is constant, and refused.
    assume(np.ptp(column) > (1e-6 if kind == "bounded" else 0))
    given_options = options.get(kind, {})
    if kind == "atoms":
        spikes = [spike for spike in (-999.0, 0.0) if spike in column]
        assume(spikes)
        given_options = {"values": spikes}
    transform = fit_transform(kind, column, **given_options)
    noise = data.draw(arrays(np.float32, (ROWS, transform.width_latent), elements=st.floats(0, 1, width=32)))
    values = jnp.asarray(column)[:, None]
    latent, below, back, above, ends = map(np.asarray, there_and_back(transform, values, jnp.asarray(noise)))
    assert np.isfinite(latent).all()
    assert np.isfinite(ends).all()
    if kind in ("integer", "flag", "category"):
        np.testing.assert_array_equal(back, values)
        assert set(ends.ravel()) <= set(column)
        return
    if kind == "atoms":
        spiked = np.isin(column, spikes)
        np.testing.assert_array_equal(back[spiked], values[spiked])
    slack = 1e-5 * np.abs(values) + 1e-6 * np.ptp(column) + 1e-12
    slack = slack + (3e-6 if kind in ("bounded", "angle") else 0.0)
    assert (below - slack <= values).all()
    assert (above + slack >= values).all()


@pytest.mark.parametrize("kind", ["continuous", "integer", "category", "atoms"])
@settings(max_examples=20)
@given(data=st.data())
def test_any_weights_with_a_positive_sum(kind: str, data: st.DataObject) -> None:
    column = data.draw(arrays(np.float32, ROWS, elements=st.integers(0, 5).map(np.float32)))
    weights = data.draw(arrays(np.float64, ROWS, elements=st.floats(-10, 10)))
    assume(weights.sum() > 1e-3 and len(np.unique(column[weights != 0])) > 1)
    assume(kind != "atoms" or weights[column == 0].sum() > 1e-3)
    extra = {"values": [0.0]} if kind == "atoms" else {}
    transform = fit_transform(kind, column, weights, **extra)
    values = jnp.asarray(column)[:, None]
    for result in there_and_back(transform, values, jnp.full((ROWS, transform.width_latent), 0.5)):
        assert jnp.isfinite(result).all()
