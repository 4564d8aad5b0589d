"""Classes as flags, one of which is set: the targets of a classifier."""

from typing import Any, final

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from flashsim.transforms.base import Transform, register


@register
@final
class OneHot(Transform):
    """One column of whole-numbered classes; the latent has one column a class, 1 for the one it is.

    A value that is none of the classes has a latent of zeros. The inverse takes the class whose latent
    is largest, the first of equals.
    """

    classes: tuple[int, ...] = eqx.field(static=True, converter=tuple)

    @property
    def width_physical(self) -> int:
        """One column."""
        return 1

    @property
    def width_latent(self) -> int:
        """One column a class."""
        return len(self.classes)

    def forward(self, values: Float[Array, "n physical"], noise: Float[Array, "n latent"]) -> Float[Array, "n latent"]:
        """The flags; `noise` is not used."""
        del noise
        return jnp.concatenate([jnp.asarray(values) == value for value in self.classes], axis=1).astype(jnp.float32)

    def inverse(self, latent: Float[Array, "n latent"]) -> Float[Array, "n physical"]:
        """The class of each row."""
        best, drawn = latent[:, :1], jnp.full((latent.shape[0], 1), float(self.classes[0]))
        for index, value in enumerate(self.classes[1:], start=1):
            larger = latent[:, index : index + 1] > best
            best = jnp.where(larger, latent[:, index : index + 1], best)
            drawn = jnp.where(larger, float(value), drawn)
        return drawn

    def to_config(self) -> dict[str, Any]:
        """What JSON can hold."""
        return {"transform": "OneHot", "classes": list(self.classes)}
