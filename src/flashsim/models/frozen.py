"""A trained model inside another that is trained: read, and left as it is."""

from typing import final

import equinox as eqx
import jax
import jax.numpy as jnp

from flashsim.models.model import AbstractModel


@final
class Frozen(eqx.Module):
    """A model whose weights are kept as their bits, which no gradient reaches and no optimiser decays.

    They are still arrays: a checkpoint holds them, and a compiled step does not have them built in.
    """

    bits: AbstractModel

    @staticmethod
    def of(model: AbstractModel) -> "Frozen":
        """`model`, whose arrays are all of float32."""
        return Frozen(jax.tree.map(lambda leaf: jax.lax.bitcast_convert_type(leaf, jnp.uint32), model))

    def model(self) -> AbstractModel:
        """The model again, bit for bit."""
        return jax.tree.map(lambda leaf: jax.lax.bitcast_convert_type(leaf, jnp.float32), self.bits)
