"""Integers and flags: each level owns an interval of the latent, as wide as its probability."""

from typing import final

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from flashsim.errors import FlashSimError
from flashsim.transforms.base import Transform, float32, register
from flashsim.transforms.checks import checked, refuse, refuse_constant
from flashsim.transforms.intervals import Intervals
from flashsim.transforms.lookup import gather, search

MOST_LEVELS = 4096
LARGEST = 2**23  # up to here the middle between two integers is exact in float32 too


class _Levels(Transform):
    """What integers and flags share."""

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

    def forward(self, values: Float[Array, "n 1"], noise: Float[Array, "n 1"]) -> Float[Array, "n 1"]:
        """Physical values to latent."""
        between = (self.levels[:, 1:] + self.levels[:, :-1]) / 2
        level = search(jnp.concatenate([jnp.full((1, 1), -jnp.inf), between], axis=1), values)
        return self._intervals.place(level, noise)

    def inverse(self, latent: Float[Array, "n 1"]) -> Float[Array, "n 1"]:
        """Latent to physical values."""
        return gather(self.levels, self._intervals.find(latent))

    @property
    def _intervals(self) -> Intervals:
        return Intervals(self.edges, self.below, self.above)


@register
@final
class DequantisedInteger(_Levels):
    """Integers, each owning an interval of the latent as wide (in probability) as it is frequent.

    ``noise`` places a value inside its interval, so that the latent of the training data is N(0, 1) exactly.
    The inverse is exact and returns only integers seen in training: never one outside [min, max], never one
    in a gap (a count that is always even stays even). ``forward`` of an unseen integer takes the nearest.
    """

    @classmethod
    def fit(
        cls, values: Float[np.ndarray, "n 1"], weights: np.ndarray | None = None, *, name: str = "column"
    ) -> "DequantisedInteger":
        """Levels and their weighted frequencies."""
        table, weight = checked(values, weights, name)
        bad = table[:, 0] != np.round(table[:, 0])
        refuse(bad, table, name, "is not an integer; use type 'continuous'")
        large = np.abs(table[:, 0]) > LARGEST
        refuse(large, table, name, f"is beyond {LARGEST}, the largest integer that float32 holds exactly")
        used = weight != 0
        refuse_constant(table[used], name)
        levels, where = np.unique(table[used, 0], return_inverse=True)
        if len(levels) > MOST_LEVELS:
            raise FlashSimError(
                f"{name}: {len(levels)} different integers; at most {MOST_LEVELS} are handled one by one: "
                "use type 'continuous'"
            )
        return cls(float32(levels[None]), *Intervals.of(np.bincount(where, weights=weight[used])))


@register
@final
class DequantisedFlag(_Levels):
    """0 or 1: the latent lies below or above one edge. The inverse is exact."""

    @classmethod
    def fit(
        cls, values: Float[np.ndarray, "n 1"], weights: np.ndarray | None = None, *, name: str = "column"
    ) -> "DequantisedFlag":
        """Frequencies of 0 and 1."""
        table, weight = checked(values, weights, name)
        bad = (table[:, 0] != 0) & (table[:, 0] != 1)
        refuse(bad, table, name, "is neither 0 nor 1; use type 'integer'")
        refuse_constant(table[weight != 0], name)
        one = table[:, 0] == 1
        frequencies = np.array([weight[~one].sum(), weight[one].sum()])
        return cls(float32(np.array([[0.0, 1.0]])), *Intervals.of(frequencies))
