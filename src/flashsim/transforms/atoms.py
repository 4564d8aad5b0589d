"""Spikes at given values mixed with a continuum."""

from collections.abc import Sequence
from itertools import accumulate
from typing import final

import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Int
from scipy.special import ndtr, ndtri

from flashsim.errors import FlashSimError
from flashsim.transforms.base import Transform, float32, register
from flashsim.transforms.checks import checked, refuse_constant
from flashsim.transforms.intervals import Intervals
from flashsim.transforms.lookup import gather, search
from flashsim.transforms.quantile_normal import BEYOND, KNOTS
from flashsim.transforms.quantiles import TAIL_WIDTH, quantiles, separated

SMALLEST_STEP = 1e-5  # of the latent, between knots where a stretch is improbable


@register
@final
class Atoms(Transform):
    """In order of value: a stretch of continuum, a spike, a stretch, …; each owns an interval of the latent.

    A spike owns an interval as wide as it is probable, where ``noise`` places it. A stretch is mapped as by
    ``QuantileNormal``, with knots of its own, so that nothing is ever generated between a spike and a distant
    continuum. A stretch without training values gives the spike beside it. Only the outermost stretches go on
    beyond the training values. Round trip: spikes exactly; elsewhere within 1e-2 of the local segment.
    """

    spikes: Float[Array, "1 spikes"]
    edges: Float[Array, "1 edges"]
    below: Float[Array, "1 pieces"]
    above: Float[Array, "1 pieces"]
    scores: Float[Array, "stretches knots"]
    table: Float[Array, "stretches knots"]

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
        cls,
        values: Float[np.ndarray, "n 1"],
        weights: np.ndarray | None = None,
        *,
        atoms: Sequence[float],
        name: str = "column",
    ) -> "Atoms":
        """The weights of spikes and stretches, and the quantiles of each stretch."""
        table, weight = checked(values, weights, name)
        refuse_constant(table[weight != 0], name)
        column = table[:, 0].astype(np.float32)
        spikes = np.unique(np.asarray(atoms, dtype=np.float32))
        if len(spikes) == 0:
            raise FlashSimError(f"{name}: type 'atoms' needs the values of its spikes, such as `values = [0]`")
        for spike in spikes:
            if weight[column == spike].sum() <= 0:
                raise FlashSimError(f"{name}: the spike {spike:g} does not occur; take it out of `values`")
        stretch = np.searchsorted(spikes, column)
        piece = 2 * stretch + np.isin(column, spikes)
        content = np.maximum(np.bincount(piece, weights=weight, minlength=2 * len(spikes) + 1), 0)
        cumulative = np.concatenate([[0.0], np.cumsum(content)]) / content.sum()
        scores, tables = [], []
        for i in range(len(spikes) + 1):
            own = (piece == 2 * i) & (weight != 0)
            beside = float(spikes[min(i, len(spikes) - 1)])
            within = (cumulative[2 * i], cumulative[2 * i + 1])
            score, value = _stretch(column[own].astype(np.float64), weight[own], within, beside)
            scores.append(score)
            tables.append(value)
        return cls(
            float32(spikes[None]),
            *Intervals.of(content),
            float32(np.stack(scores)),
            float32(np.stack(tables)),
        )

    def forward(self, values: Float[Array, "n 1"], noise: Float[Array, "n 1"]) -> Float[Array, "n 1"]:
        """Physical values to latent."""
        stretch = (values > self.spikes).sum(axis=1, dtype=jnp.int32, keepdims=True)
        beside = jnp.minimum(stretch, self.spikes.shape[1] - 1)
        is_spike = gather(self.spikes, beside) == values
        continuum = _interpolate(values, self.table, self.scores, stretch)
        return jnp.where(
            is_spike,
            self._intervals.place(2 * beside + 1, noise),
            self._intervals.limit(2 * stretch, continuum),
        )

    def inverse(self, latent: Float[Array, "n 1"]) -> Float[Array, "n 1"]:
        """Latent to physical values."""
        (values,) = self.inverse_of_each([self], [latent])
        return values

    @classmethod
    def inverse_of_each(  # pyright: ignore[reportIncompatibleMethodOverride] (parts are of this class)
        cls, parts: Sequence["Atoms"], latents: Sequence[Float[Array, "n 1"]]
    ) -> list[Float[Array, "n 1"]]:
        """Latent to physical values of several variables, by one search in the tables of all.

        A search of its own for each is most of what a program of tens of variables takes to compile.
        """
        pieces = [part._intervals.find(latent) for part, latent in zip(parts, latents, strict=True)]
        stretches = [lax.div(piece, jnp.int32(2)) for piece in pieces]
        first = accumulate((part.table.shape[0] for part in parts[:-1]), initial=0)
        row = jnp.concatenate([start + stretch for start, stretch in zip(first, stretches, strict=True)], axis=1)
        scores, table = (jnp.concatenate(tables) for tables in zip(*((p.scores, p.table) for p in parts), strict=True))
        continuum = _interpolate(jnp.concatenate(latents, axis=1), scores, table, row)
        values = []
        for column, (part, piece, stretch) in enumerate(zip(parts, pieces, stretches, strict=True)):
            spike = gather(part.spikes, jnp.minimum(stretch, part.spikes.shape[1] - 1))
            values.append(jnp.where(piece > 2 * stretch, spike, continuum[:, column : column + 1]))
        return values

    @property
    def _intervals(self) -> Intervals:
        return Intervals(self.edges, self.below, self.above)


def _interpolate(
    at: Float[Array, "n width"],
    abscissa: Float[Array, "stretches knots"],
    ordinate: Float[Array, "stretches knots"],
    stretch: Int[Array, "n width"],
) -> Float[Array, "n width"]:
    index = jnp.minimum(search(abscissa, at, stretch), abscissa.shape[1] - 2)
    left, right = gather(abscissa, index, stretch), gather(abscissa, index + 1, stretch)
    start, stop = gather(ordinate, index, stretch), gather(ordinate, index + 1, stretch)
    fraction = jnp.where(right > left, (at - left) / (right - left), 0.0)  # equal where a value is held
    return start + jnp.clip(fraction, 0.0, 1.0) * (stop - start)


def _stretch(
    values: Float[np.ndarray, " n"],
    weights: Float[np.ndarray, " n"],
    within: tuple[float, float],
    beside: float,
) -> tuple[Float[np.ndarray, " knots"], Float[np.ndarray, " knots"]]:
    """Latent and value of the knots of a stretch that holds the probabilities ``within``.

    The knots are uniform in the normal score of the stretch alone, so that its own tails are resolved, also
    beside a spike; they are not uniform in the latent of the whole, which is why ``inverse`` searches.
    """
    if within[0] == within[1]:
        return np.arange(KNOTS, dtype=np.float64), np.full(KNOTS, beside)
    fitted = quantiles(values, weights, KNOTS - 2)
    own = ndtr(fitted.first + fitted.step * np.arange(KNOTS - 2))
    score = separated(ndtri(within[0] + (within[1] - within[0]) * own), SMALLEST_STEP)
    slopes = [_slope(score, fitted.values), _slope(score[::-1], fitted.values[::-1])]
    # A straight tail outwards; towards a spike the last value is held.
    beyond = [BEYOND * (within[0] == 0), BEYOND * (within[1] == 1)]
    ends = [fitted.values[0] - beyond[0] * slopes[0], fitted.values[-1] + beyond[1] * slopes[1]]
    limits = [score[0] - max(beyond[0], SMALLEST_STEP), score[-1] + max(beyond[1], SMALLEST_STEP)]
    return (
        np.concatenate([limits[:1], score, limits[1:]]),
        np.concatenate([ends[:1], fitted.values, ends[1:]]),
    )


def _slope(score: Float[np.ndarray, " knots"], values: Float[np.ndarray, " knots"]) -> float:
    reach = max(int(np.searchsorted(np.abs(score - score[0]), TAIL_WIDTH)), 2)
    reach = min(reach, len(score) - 1)
    return float((values[reach] - values[0]) / (score[reach] - score[0]))
