"""Fit the transform of a predicted variable, by the type that the card gives it."""

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Num, Shaped

from flashsim.errors import FlashSimError, nearest
from flashsim.transforms.angle import Angle
from flashsim.transforms.atoms import Atoms
from flashsim.transforms.base import Transform, float32
from flashsim.transforms.category import UnorderedCategory
from flashsim.transforms.checks import refuse_constant
from flashsim.transforms.compose import Chain
from flashsim.transforms.integer import DequantisedFlag, DequantisedInteger
from flashsim.transforms.log_cholesky import LogCholesky
from flashsim.transforms.logarithm import Log
from flashsim.transforms.logit import Logit
from flashsim.transforms.quantile_normal import QuantileNormal

Fit = Callable[..., Transform]
KINDS = ("continuous", "positive", "bounded", "angle", "integer", "flag", "category", "atoms", "covariance")
"""The types of a predicted variable."""


def fit_transform(
    kind: str,
    data: Shaped[np.ndarray, "n width"] | Shaped[np.ndarray, " n"],
    weights: Num[np.ndarray, " n"] | None = None,
    /,
    *,
    name: str = "column",
    low: float | None = None,
    high: float | None = None,
    values: Sequence[float] | None = None,
    last: Fit = QuantileNormal.fit,
) -> Transform:
    """The transform of one predicted variable: of N(0, 1) latents where the variable is continuous (correlations of
    a covariance: where they are of both signs alike).

    `last` fits the last step of what is continuous; `Standard.fit_robust` instead of the quantiles keeps the
    shape of the distribution, for models that standardise it given the conditions.

    ``low`` and ``high`` are for bounded variables, ``values`` are the spikes of ``atoms`` or the classes of a
    ``category`` (default: those found); ``name`` stands in the messages of errors. Weights may be negative (sWeights)
    as long as their sum is positive.
    """
    table = np.asarray(data, dtype=np.float64)
    table = table[:, None] if table.ndim == 1 else table
    if kind != "covariance" and table.shape[1] != 1:
        raise FlashSimError(f"{name}: type {kind!r} has one column, not {table.shape[1]}")
    match kind:
        case "continuous":
            return last(table, weights, name=name)
        case "positive":
            return _then(Log.fit(table, weights, name=name), table, weights, name, last)
        case "bounded":
            if low is None or high is None:
                raise FlashSimError(f"{name}: type 'bounded' needs `low` and `high`")
            return _then(Logit.fit(table, weights, low=low, high=high, name=name), table, weights, name, last)
        case "angle":
            return _then(Angle.fit(table, weights, name=name), table, weights, name, last)
        case "integer":
            return DequantisedInteger.fit(table, weights, name=name)
        case "flag":
            return DequantisedFlag.fit(table, weights, name=name)
        case "category":
            return UnorderedCategory.fit(table, weights, classes=values, name=name)
        case "atoms":
            return Atoms.fit(table, weights, atoms=values or (), name=name)
        case "covariance":
            return _covariance(LogCholesky.fit(table, weights, name=name), table, weights, name, last)
    raise FlashSimError(f"{name}: unknown type {kind!r}{nearest(kind, KINDS)}")


def _then(first: Transform, table: np.ndarray, weights: np.ndarray | None, name: str, last: Fit) -> Chain:
    """The fitted transform, then the last step fitted on what it gives."""
    return Chain((first, last(_latent(first, table), weights, name=name)))


def _covariance(first: LogCholesky, table: np.ndarray, weights: np.ndarray | None, name: str, last: Fit) -> Chain:
    """Zero stays zero: correlations span many decades on both sides of it, and a shift would hide the small ones.

    So the last step is fitted on every matrix and on its mirror image, with all signs changed.
    """
    latent = _latent(first, table)
    refuse_constant(latent, name)
    both = np.concatenate([latent, first.mirrored(latent)])
    return Chain((first, last(both, None if weights is None else np.tile(weights, 2), name=name)))


def _latent(transform: Transform, table: np.ndarray) -> np.ndarray:
    # The code that simulation inverts, not a second copy of it.
    return np.asarray(_forward(transform, float32(table), jnp.full((len(table), transform.width_latent), 0.5)))


@jax.jit
def _forward(transform: Transform, values: Array, noise: Array) -> Array:
    return transform.forward(values, noise)
