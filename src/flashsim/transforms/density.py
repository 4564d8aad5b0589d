"""Where the training sample has objects: a few balls that hold practically all of them."""

from typing import Any, final

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from flashsim.transforms.base import Arrays, float32

DIRECTIONS, CENTRES, ROWS_A_CENTRE = 12, 64, 500
LEAST_VARIANCE = 0.01
"""Of a direction, in squared normal scores: below it, conditions that follow from each other leave only noise."""
SHARE, ROWS, ROUNDS = 5e-4, 32_768, 8
TABLES = ("projection", "shift", "centres", "size", "limit")


@final
class Density(eqx.Module):
    """The distance to the nearest of some centres, in units of the extent of what belongs to it, has a limit.

    Distances are those of the leading principal directions of a stage's inputs, each scaled to variance 1
    (Mahalanobis 1936), so that combinations count that do not occur although each of their values does: the empty
    corner of correlated conditions, and a hole between centres. Centres are those of k-means (Lloyd 1982, from
    k-means++, Arthur & Vassilvitskii 2007). The limit leaves out 0.05 % of the training rows, so that a
    row like these is taken for sparse less than once in a thousand. Two small matrix products an object, and a minimum.
    """

    projection: Float[Array, "latent directions"]
    shift: Float[Array, " directions"]
    centres: Float[Array, "centres directions"]
    size: Float[Array, " centres"]
    limit: Float[Array, ""]

    def is_sparse(self, latent: Float[Array, "n latent"]) -> Bool[Array, " n"]:
        """Objects where the training sample has practically none."""
        where = latent @ self.projection - self.shift
        distances = _distances(where, self.centres)
        return (distances / self.size).min(axis=1) > self.limit

    def arrays(self) -> dict[str, np.ndarray]:
        """The tables, by name."""
        return {name: np.asarray(getattr(self, name)) for name in TABLES}

    @staticmethod
    def from_arrays(arrays: Arrays) -> "Density":
        """Restore, bit for bit, what ``arrays`` gave."""
        return Density(**{name: jnp.asarray(arrays[name]) for name in TABLES})

    @staticmethod
    def unknown(width: int) -> "Density":
        """One that finds nothing sparse, for inputs of so many columns."""
        projection, one = jnp.zeros((width, 1)), jnp.ones(1)
        return Density(projection, jnp.zeros(1), jnp.zeros((1, 1)), one, jnp.asarray(jnp.inf))


def fit_density(latent: Float[np.ndarray, "n latent"]) -> Density:
    """Fit on the training rows, as a stage's network reads them; on 32,768 of them where there are more."""
    random = np.random.default_rng(0)
    rows = latent.astype(np.float64)
    if len(rows) > ROWS:
        rows = rows[np.sort(random.choice(len(rows), ROWS, replace=False))]
    mean = rows.mean(axis=0)
    variances, vectors = np.linalg.eigh((rows - mean).T @ (rows - mean) / len(rows))
    kept = np.flatnonzero(variances > LEAST_VARIANCE)[::-1][:DIRECTIONS]
    if not len(kept):
        return Density.unknown(latent.shape[1])
    projection = vectors[:, kept] / np.sqrt(variances[kept])
    where = (rows - mean) @ projection
    centres = _centres(where, int(np.clip(len(rows) // ROWS_A_CENTRE, 1, CENTRES)), random)
    distances = _distances(where, centres)
    nearest = distances.argmin(axis=1)
    own = distances[np.arange(len(where)), nearest]
    counts = np.bincount(nearest, minlength=len(centres))
    size = np.bincount(nearest, own, minlength=len(centres)) / np.maximum(counts, 1)
    size = np.maximum(size, 0.1 * own.mean() + 1e-6)  # copies of one row are no small region
    limit = np.quantile((distances / size).min(axis=1), 1 - SHARE, method="higher")
    return Density(*(float32(table) for table in (projection, mean @ projection, centres, size, np.asarray(limit))))


def _distances(where: Any, centres: Any) -> Any:  # of NumPy in fitting, of JAX in simulation
    """The squared distance of each object to each centre."""
    return (where**2).sum(axis=1)[:, None] - 2 * where @ centres.T + (centres**2).sum(axis=1)


def _centres(where: np.ndarray, number: int, random: np.random.Generator) -> np.ndarray:
    centres = where[random.integers(len(where), size=1)]
    left = np.full(len(where), np.inf)
    for _ in range(number - 1):
        left = np.minimum(left, np.maximum(_distances(where, centres[-1:])[:, 0], 0.0))
        if not left.sum() > 0:
            break
        centres = np.concatenate([centres, where[random.choice(len(where), 1, p=left / left.sum())]])
    for _ in range(ROUNDS):
        nearest = _distances(where, centres).argmin(axis=1)
        counts = np.bincount(nearest, minlength=len(centres))
        sums = np.stack([np.bincount(nearest, column, len(centres)) for column in where.T], axis=1)
        centres = np.where(counts[:, None] > 0, sums / np.maximum(counts, 1)[:, None], centres)
    return centres
