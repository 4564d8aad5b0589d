"""Discrete values in the latent: neighbouring intervals, as wide as they are probable, safe in float32."""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax.scipy.special import ndtri
from jaxtyping import Array, Float, Int
from scipy.special import ndtri as ndtri64

from flashsim.transforms.base import float32
from flashsim.transforms.lookup import gather, search
from flashsim.transforms.quantiles import EPSILON

LATENT_LIMIT = 8.0
OUTERMOST_EDGE = 7.0


class Intervals(NamedTuple):
    """The edges between successive intervals, and the probability below and above each interval."""

    edges: Float[Array, "1 edges"]
    below: Float[Array, "1 intervals"]
    above: Float[Array, "1 intervals"]

    @classmethod
    def of(cls, weight: Float[np.ndarray, " intervals"]) -> "Intervals":
        """Intervals of these weights (not positive counts as none), each at least 4 float32 units wide."""
        probability = np.maximum(weight, 0) / np.maximum(weight, 0).sum()
        below = np.concatenate([[0.0], np.cumsum(probability)[:-1]])
        above = np.concatenate([np.cumsum(probability[::-1])[::-1][1:], [0.0]])
        # Each half from its own side: 1 - p loses the upper tail.
        edges = np.where(below[1:] < above[:-1], ndtri64(below[1:]), -ndtri64(above[:-1]))
        edges = np.clip(edges, -OUTERMOST_EDGE, OUTERMOST_EDGE)
        for i in range(1, len(edges)):
            edges[i] = max(edges[i], edges[i - 1] + 4 * EPSILON * max(abs(edges[i - 1]), 0.01))
        return cls(float32(edges[None]), float32(below[None]), float32(above[None]))

    def find(self, latent: Float[Array, "n 1"]) -> Int[Array, "n 1"]:
        """The interval in which a latent lies."""
        return search(jnp.concatenate([jnp.full((1, 1), -jnp.inf), self.edges], axis=1), latent)

    def place(self, interval: Int[Array, "n 1"], noise: Float[Array, "n 1"]) -> Float[Array, "n 1"]:
        """A latent inside an interval: N(0, 1) restricted to it, for uniform noise."""
        below, above = gather(self.below, interval), gather(self.above, interval)
        inside = jnp.maximum(1 - below - above, 0.0)
        latent = jnp.where(below < above, ndtri(below + noise * inside), -ndtri(above + (1 - noise) * inside))
        return self.limit(interval, latent)

    def limit(self, interval: Int[Array, "n 1"], latent: Float[Array, "n 1"]) -> Float[Array, "n 1"]:
        """The latent, moved into the interval if it lies outside."""
        ends = jnp.full((1, 1), LATENT_LIMIT)
        lowest = jnp.concatenate([-ends, self.edges], axis=1)
        highest = jnp.concatenate([_just_below(self.edges), ends], axis=1)
        return jnp.clip(latent, gather(lowest, interval), gather(highest, interval))


def _just_below(edge: Float[Array, "1 edges"]) -> Float[Array, "1 edges"]:
    """A float32 number below the edge, never a subnormal one (XLA flushes those to zero)."""
    return edge - EPSILON * jnp.maximum(jnp.abs(edge), 0.01)
