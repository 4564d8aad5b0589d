"""Variables side by side come to what each comes to alone."""

import jax
import numpy as np

from flashsim.transforms import Columns, Transform, fit_transform

from .cases import spiked

N = 512


def variables(rng: np.random.Generator) -> Columns:
    """Spikes of one, two and three values among variables of other types: their tables are looked up together."""
    values = spiked(rng, N)
    at_zero = np.where(rng.uniform(size=N) < 0.4, 0.0, rng.exponential(size=N))
    at_ends = np.select([at_zero < 0.1, at_zero > 1], [-5.0, 7.0], np.where(values == 0.5, 0.0, at_zero))
    return Columns(
        (
            fit_transform("atoms", values, values=[-999.0, 0.5]),
            fit_transform("integer", rng.poisson(4, N)),
            fit_transform("atoms", at_zero, values=[0.0]),
            fit_transform("positive", rng.exponential(size=N)),
            fit_transform("atoms", at_ends, values=[-5.0, 0.0, 7.0]),
        )
    )


def test_side_by_side_is_bit_for_bit_one_by_one() -> None:
    columns = variables(np.random.default_rng(1))
    latent = 1.5 * jax.random.normal(jax.random.key(2), (N, columns.width_latent))
    invert = jax.jit(lambda transform, latent: transform.inverse(latent))
    alone: list[Transform] = list(columns.parts)
    expected = [np.asarray(invert(part, latent[:, [place]])) for place, part in enumerate(alone)]
    together = np.asarray(invert(columns, latent))
    np.testing.assert_array_equal(together, np.concatenate(expected, axis=1))
    assert [len(np.unique(np.round(column, 3))) > 20 for column in together.T] == [True, False, True, True, True]
    assert all((together[:, 0] == spike).sum() > 50 for spike in (-999.0, 0.5))
