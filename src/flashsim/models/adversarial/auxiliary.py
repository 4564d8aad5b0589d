"""Auxiliary features: quantities in physical units that the critic sees beside the scores."""

from collections.abc import Sequence
from typing import final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from flashsim.card import Expression
from flashsim.errors import FlashSimError
from flashsim.models.location_scale import LocationScale
from flashsim.stages import OF_ONE_OBJECT
from flashsim.transforms import Standard, Transform


@final
class Auxiliary(eqx.Module):
    """Formulas of the outputs in physical units, by name, standardised.

    A difference of two outputs that a critic would have to find out from their scores is so plain to see. It is
    a fixed function: no player trains it.
    """

    base: LocationScale
    outputs: Transform
    scaling: Standard
    names: tuple[str, ...] = eqx.field(static=True)
    texts: tuple[str, ...] = eqx.field(static=True)

    @staticmethod
    def fit(
        texts: Sequence[str],
        names: Sequence[str],
        base: LocationScale,
        outputs: Transform,
        conditions: Float[np.ndarray, "objects conditions"],
        scores: Float[np.ndarray, "objects targets"],
        weights: Float[np.ndarray, " objects"],
    ) -> "Auxiliary":
        """The features, standardised on full simulation; `names` are the physical columns of `outputs` in order.

        Raises FlashSimError for a formula without a finite value for every object.
        """
        width = len(texts)
        raw = Auxiliary(base, outputs, Standard(jnp.zeros(width), jnp.ones(width)), tuple(names), tuple(texts))
        values = np.asarray(jax.jit(jax.vmap(raw))(jnp.asarray(conditions), jnp.asarray(scores)), np.float64)
        for text, column in zip(texts, values.T, strict=True):
            if not np.isfinite(column).all():
                bad = int((~np.isfinite(column)).sum())
                raise FlashSimError(f"auxiliary {text!r}: is not finite for {bad} of {len(column)} training objects")
        scaling = Standard.fit_robust(values, weights.astype(np.float64), name="auxiliary")
        return eqx.tree_at(lambda a: a.scaling, raw, scaling)

    @property
    def width(self) -> int:
        """The number of features."""
        return len(self.texts)

    def __call__(
        self, conditions: Float[Array, " conditions"], scores: Float[Array, " targets"]
    ) -> Float[Array, " features"]:
        """The features of one object."""
        physical = self.outputs.inverse(self.base.restore(conditions, scores)[None])
        columns = {name: physical[:, index] for index, name in enumerate(self.names)}
        formulas = [Expression.parse(text).tree for text in self.texts]
        values = [OF_ONE_OBJECT.number(tree.evaluate(columns.__getitem__, OF_ONE_OBJECT)) for tree in formulas]
        features = jnp.stack(values, axis=1)
        return self.scaling.forward(features, jnp.zeros_like(features))[0]
