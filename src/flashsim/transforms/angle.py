"""Angles: unrolled from the emptiest place of the circle, wrapped into (−π, π]."""

from typing import final

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from flashsim.transforms.base import Transform, float32, register
from flashsim.transforms.checks import checked

BINS = 64
TURN = 2 * np.pi


@register
@final
class Angle(Transform):
    """The angle from ``centre``, opposite to where the circle is emptiest, so that no peak is cut in two.

    Angles may be given in any turn and come back in (−π, π]. The cut is at π unless another place is clearly
    emptier; then ``centre`` is 0, and small angles keep all their digits. Round trip: 1e-6 rad (relative 1e-7
    where the centre is 0).
    """

    centre: Float[Array, " width"]

    @property
    def width_physical(self) -> int:
        """Number of physical columns."""
        return self.centre.shape[0]

    @property
    def width_latent(self) -> int:
        """Number of latent columns."""
        return self.centre.shape[0]

    @classmethod
    def fit(
        cls, values: Float[np.ndarray, "n width"], weights: np.ndarray | None = None, *, name: str = "column"
    ) -> "Angle":
        """Find the emptiest place: the least populated of 64 bins, three smoothed together."""
        table, weight = checked(values, weights, name)
        centres = []
        for column in table.T:
            # Bins are centred on multiples of 2π/64, so one of them is centred on ±π.
            bins = np.round(column / TURN * BINS).astype(np.int64) % BINS
            content = np.bincount(bins, weights=weight, minlength=BINS)
            smooth = content + np.roll(content, 1) + np.roll(content, -1)
            emptiest = int(np.argmin(smooth))
            error = np.sqrt(np.sum(weight**2) / BINS)
            cut = BINS // 2 if smooth[BINS // 2] <= smooth[emptiest] + 3 * error else emptiest
            centres.append((cut - BINS // 2) * TURN / BINS)
        return cls(float32(np.array(centres)))

    def forward(self, values: Float[Array, "n width"], noise: Float[Array, "n width"]) -> Float[Array, "n width"]:
        """Physical values to latent."""
        return _wrap(values - self.centre)

    def inverse(self, latent: Float[Array, "n width"]) -> Float[Array, "n width"]:
        """Latent to physical values."""
        # Beyond the circle nothing is meant: clipped, so that the sum below stays exact.
        return _wrap(jnp.clip(latent, -np.pi, np.pi) + self.centre)


def _wrap(angle: Float[Array, "n width"]) -> Float[Array, "n width"]:
    wrapped = angle - TURN * jnp.round(angle / TURN)
    return jnp.where(wrapped <= -np.float32(np.pi), np.float32(np.pi), jnp.minimum(wrapped, np.float32(np.pi)))
