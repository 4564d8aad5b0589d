"""Integers and flags: each level owns an interval of the latent, as wide as its probability."""

from typing import Self

import jax.numpy as jnp
import numpy as np
from jax.scipy.special import ndtri
from jaxtyping import Array, Float

from flashsim.errors import FlashSimError
from flashsim.transforms.base import Transform, float32, register
from flashsim.transforms.checks import checked, refuse, refuse_constant
from flashsim.transforms.intervals import LATENT_LIMIT, edges_between, just_below
from flashsim.transforms.lookup import gather, search

MOST_LEVELS = 4096
LARGEST = 2**24  # integers are exact in float32 up to here


@register
class DequantisedInteger(Transform):
    """Integers, each owning an interval of the latent as wide (in probability) as it is frequent.

    ``noise`` places a value inside its interval, so that the latent of the training data is N(0, 1) exactly.
    The inverse is exact and returns only integers seen in training: never one outside [min, max], never one
    in a gap (a count that is always even stays even). ``forward`` of an unseen integer takes the nearest.
    """

    levels: Float[Array, "1 levels"]
    edges: Float[Array, "1 edges"]
    below: Float[Array, "1 levels"]
    above: Float[Array, "1 levels"]

    @property
    def width_physical(self) -> int:
        """Number of physical columns."""
        return 1

    @property
    def width_latent(self) -> int:
        """Number of latent columns."""
        return 1

    @classmethod
    def fit(
        cls, values: Float[np.ndarray, "n 1"], weights: np.ndarray | None = None, *, name: str = "column"
    ) -> Self:
        """Levels and their weighted frequencies."""
        table, weight = checked(values, weights, name)
        refuse((table != np.round(table))[:, 0], table, name, "is not an integer; use type 'continuous'")
        refuse(
            (np.abs(table) > LARGEST)[:, 0], table, name, f"is beyond {LARGEST}, the largest exact integer"
        )
        refuse_constant(table[weight != 0], name)
        levels, where = np.unique(table[weight != 0, 0], return_inverse=True)
        if len(levels) > MOST_LEVELS:
            raise FlashSimError(
                f"{name}: {len(levels)} different integers; at most {MOST_LEVELS} are handled one by one: "
                "use type 'continuous'"
            )
        return cls.of_levels(levels, np.bincount(where, weights=weight[weight != 0]))

    @classmethod
    def of_levels(cls, levels: Float[np.ndarray, " levels"], weight: Float[np.ndarray, " levels"]) -> Self:
        """The transform of given levels and weights (a weight that is not positive counts as none)."""
        probability = np.maximum(weight, 0) / np.maximum(weight, 0).sum()
        edges = edges_between(probability)
        cumulative = np.cumsum(probability)
        below = np.concatenate([[0.0], cumulative[:-1]])
        above = np.concatenate([np.cumsum(probability[::-1])[::-1][1:], [0.0]])
        return cls(float32(levels[None]), float32(edges[None]), float32(below[None]), float32(above[None]))

    def forward(self, values: Float[Array, "n 1"], noise: Float[Array, "n 1"]) -> Float[Array, "n 1"]:
        """Physical values to latent."""
        between = (self.levels[:, 1:] + self.levels[:, :-1]) / 2
        level = (values[:, :, None] > between).sum(axis=2, dtype=jnp.int32)
        below, above = gather(self.below, level), gather(self.above, level)
        inside = 1 - below - above
        # Each half from its own side: 1 - p loses the upper tail in float32.
        latent = jnp.where(below < above, ndtri(below + noise * inside), -ndtri(above + (1 - noise) * inside))
        ends = jnp.full((1, 1), LATENT_LIMIT)
        lowest = jnp.concatenate([-ends, self.edges], axis=1)
        highest = jnp.concatenate([just_below(self.edges), ends], axis=1)
        return jnp.clip(latent, gather(lowest, level), gather(highest, level))

    def inverse(self, latent: Float[Array, "n 1"]) -> Float[Array, "n 1"]:
        """Latent to physical values."""
        padded = jnp.concatenate([jnp.full((1, 1), -jnp.inf), self.edges], axis=1)
        return gather(self.levels, search(padded, latent))


@register
class DequantisedFlag(DequantisedInteger):
    """0 or 1: the latent lies below or above one edge. The inverse is exact."""

    @classmethod
    def fit(
        cls, values: Float[np.ndarray, "n 1"], weights: np.ndarray | None = None, *, name: str = "column"
    ) -> Self:
        """Frequency of 0 and 1."""
        table, _ = checked(values, weights, name)
        refuse(((table != 0) & (table != 1))[:, 0], table, name, "is neither 0 nor 1; use type 'integer'")
        return super().fit(values, weights, name=name)
