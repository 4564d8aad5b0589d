"""The energy score: how far draws are from what happened, without a critic and without a density."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

DRAWS = 4


def energy_score(
    sample: Callable[[Float[Array, " conditions"], Float[Array, " noise"]], Float[Array, " targets"]],
    noise: int,
    conditions: Float[Array, "objects conditions"],
    targets: Float[Array, "objects targets"],
    key: PRNGKeyArray,
) -> Float[Array, " objects"]:
    """E‖y − g‖ − ½ E‖g − g′‖ of each object, with g and g′ drawn given its conditions.

    A strictly proper score (Gneiting & Raftery 2007, doi:10.1198/016214506000001437): its mean is smallest for
    the true conditional distribution and for no other, and exceeds that minimum by half the energy distance. It
    is linear in the objects, so that negative weights subtract a background.
    """
    drawn = jax.vmap(jax.vmap(sample), in_axes=(None, 0))(
        conditions, jax.random.normal(key, (DRAWS, targets.shape[0], noise))
    )
    error = jnp.mean(length(targets - drawn), axis=0)
    spread = jnp.mean(length(drawn - jnp.roll(drawn, 1, axis=0)), axis=0)
    return error - 0.5 * spread


def length(vectors: Float[Array, "*shape width"]) -> Float[Array, "*shape"]:
    """Euclidean lengths, with a gradient at zero too."""
    return jnp.sqrt(jnp.sum(vectors**2, axis=-1) + 1e-12)
