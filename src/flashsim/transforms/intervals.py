"""Edges between neighbouring intervals of the latent, safe in float32."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from scipy.special import ndtri

from flashsim.transforms.quantiles import EPSILON

LATENT_LIMIT = 8.0
OUTERMOST_EDGE = 7.0


def edges_between(probability: Float[np.ndarray, " intervals"]) -> Float[np.ndarray, " edges"]:
    """Latent edges between successive intervals: at least 4 float32 units in the last place apart."""
    cumulative = np.clip(np.cumsum(probability)[:-1], 1e-12, 1 - 1e-12)
    edges = np.clip(ndtri(cumulative), -OUTERMOST_EDGE, OUTERMOST_EDGE)
    for i in range(1, len(edges)):
        edges[i] = max(edges[i], edges[i - 1] + 4 * EPSILON * max(abs(edges[i - 1]), 0.01))
    return edges


def just_below(edge: Float[Array, "*any"]) -> Float[Array, "*any"]:
    """A float32 number below the edge, never a subnormal one (XLA flushes those to zero)."""
    return edge - EPSILON * jnp.maximum(jnp.abs(edge), 0.01)
