"""Unordered classes: one latent a class, independent and normal; the class whose clock rings first is drawn."""

from collections.abc import Sequence
from typing import final

import jax.numpy as jnp
import numpy as np
from jax.scipy.special import ndtr, ndtri
from jaxtyping import Array, Float

from flashsim.errors import FlashSimError
from flashsim.transforms.base import Transform, float32, register
from flashsim.transforms.checks import checked, refuse, refuse_constant
from flashsim.transforms.integer import LARGEST
from flashsim.transforms.intervals import LATENT_LIMIT
from flashsim.transforms.lookup import gather, search

MOST_CLASSES = 32
SMALLEST_PROBABILITY = 1e-9
CLEARLY = 1e-4
"""By this share a clock must be later than the first one: float32 latents still tell them apart."""


@register
@final
class UnorderedCategory(Transform):
    """Classes without order, in a latent that favours none of them as neighbours.

    Class k has a clock that rings after E_k, exponential with rate p_k, its probability: it is the first with
    probability p_k (the exponential form of the Gumbel-max trick; argmax flows, Hoogeboom et al. 2021,
    arXiv:2102.05379). ``forward`` draws, by ``noise``, all times given which clock was first; each becomes the normal
    score of exp(-p_k E_k). Over the training data the scores of all classes are then N(0, 1) and independent. The
    inverse takes the first clock: always one of the classes, with the right fractions for normal scores. ``forward``
    of an unseen value takes the nearest class.
    """

    classes: Float[Array, "1 classes"]
    probability: Float[Array, "1 classes"]

    @property
    def width_physical(self) -> int:
        """One column."""
        return 1

    @property
    def width_latent(self) -> int:
        """One column a class."""
        return self.classes.shape[1]

    @classmethod
    def fit(
        cls,
        values: Float[np.ndarray, "n 1"],
        weights: np.ndarray | None = None,
        *,
        classes: Sequence[float] | None = None,
        name: str = "column",
    ) -> "UnorderedCategory":
        """The classes, those of the data unless they are listed, and their weighted frequencies."""
        table, weight = checked(values, weights, name)
        column = table[:, 0]
        refuse(column != np.round(column), table, name, "is not a whole number; the classes of a category are")
        refuse(np.abs(column) > LARGEST, table, name, f"is beyond {LARGEST}, the largest class")
        used = weight != 0
        refuse_constant(table[used], name)
        known = np.unique(column[used] if classes is None else np.asarray(classes, dtype=np.float64))
        if classes is not None:
            refuse(~np.isin(column, known), table, name, "is not among `values`; add it there or leave such rows out")
            for value in known[~np.isin(known, column[used])]:
                raise FlashSimError(f"{name}: the class {value:g} does not occur; take it out of `values`")
        if len(known) > MOST_CLASSES:
            raise FlashSimError(
                f"{name}: {len(known)} classes; a category has at most {MOST_CLASSES}: use type 'integer' if they have "
                "an order, or predict them by a stage of kind 'category'"
            )
        content = np.array([weight[column == value].sum() for value in known]).clip(0)
        probability = np.maximum(content / content.sum(), SMALLEST_PROBABILITY)
        return cls(float32(known[None]), float32(probability[None]))

    def forward(self, values: Float[Array, "n 1"], noise: Float[Array, "n classes"]) -> Float[Array, "n classes"]:
        """Physical values to latent."""
        between = (self.classes[:, 1:] + self.classes[:, :-1]) / 2
        first = search(jnp.concatenate([jnp.full((1, 1), -jnp.inf), between], axis=1), values)
        chosen = first == jnp.arange(self.width_latent)
        wait = -jnp.log(jnp.clip(noise, 1e-7, 1 - 1e-7))
        # The first of all rings at rate 1; the others, which have no memory, at their own rates after it.
        soonest = jnp.sum(jnp.where(chosen, wait, 0.0), axis=1, keepdims=True)
        later = jnp.maximum(wait / self.probability, CLEARLY * soonest)
        return _score(self.probability * (soonest + jnp.where(chosen, 0.0, later)))

    def inverse(self, latent: Float[Array, "n classes"]) -> Float[Array, "n 1"]:
        """Latent to physical values."""
        time = _rate(latent) / self.probability
        best, drawn = time[:, :1], jnp.zeros((latent.shape[0], 1), dtype=jnp.int32)
        for index in range(1, self.width_latent):
            own = time[:, index : index + 1]
            drawn = jnp.where(own < best, index, drawn)
            best = jnp.minimum(own, best)
        return gather(self.classes, drawn)


def _score(time: Float[Array, "n classes"]) -> Float[Array, "n classes"]:
    """The normal score of exp(-time), precise on both sides."""
    score = jnp.where(time < 0.5, -ndtri(-jnp.expm1(-time)), ndtri(jnp.exp(-time)))
    return jnp.clip(score, -LATENT_LIMIT, LATENT_LIMIT)


def _rate(score: Float[Array, "n classes"]) -> Float[Array, "n classes"]:
    """The time that has this score: -log Φ(score)."""
    limited = jnp.clip(score, -LATENT_LIMIT, LATENT_LIMIT)
    return jnp.where(limited > 0, -jnp.log1p(-ndtr(-jnp.abs(limited))), -jnp.log(ndtr(-jnp.abs(limited))))
