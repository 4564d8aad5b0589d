"""The Fréchet distance: two samples as Gaussians of their means and covariances."""

import numpy as np
from jaxtyping import Float


def moments(values: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n f"]:
    """First and second moments of every row, packed: f = d + d (d + 1) / 2."""
    row, column = np.tril_indices(values.shape[1])
    return np.concatenate([values, values[:, row] * values[:, column]], axis=1)


def frechet_distance(left: Float[np.ndarray, "n f"], right: Float[np.ndarray, "n f"]) -> Float[np.ndarray, "n 1"]:
    """sqrt(|mu - nu|² + tr(S + T - 2 (S^½ T S^½)^½)) of n pairs of mean moments (Dowson and Landau, 1982)."""
    found = np.full((len(left), 1), np.nan)
    known = np.isfinite(left).all(axis=1) & np.isfinite(right).all(axis=1)  # a replica of few events may have none
    found[known] = _distances(left[known], right[known])
    return found


def _distances(left: Float[np.ndarray, "n f"], right: Float[np.ndarray, "n f"]) -> Float[np.ndarray, "n 1"]:
    size = int(np.rint((np.sqrt(9 + 8 * left.shape[1]) - 3) / 2))
    (mean, covariance), (other_mean, other) = _unpacked(left, size), _unpacked(right, size)
    value, vector = np.linalg.eigh(covariance)
    root = (vector * np.sqrt(np.maximum(value, 0.0))[:, None, :]) @ np.swapaxes(vector, 1, 2)
    overlap = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ other @ root), 0.0)).sum(axis=1)
    traces = np.trace(covariance, axis1=1, axis2=2) + np.trace(other, axis1=1, axis2=2)
    squares = ((mean - other_mean) ** 2).sum(axis=1) + traces - 2 * overlap
    return np.sqrt(np.maximum(squares, 0.0))[:, None]


def _unpacked(
    packed: Float[np.ndarray, "n f"], size: int
) -> tuple[Float[np.ndarray, "n d"], Float[np.ndarray, "n d d"]]:
    mean = packed[:, :size]
    row, column = np.tril_indices(size)
    second = np.empty((len(packed), size, size))
    second[:, row, column] = packed[:, size:]
    second[:, column, row] = packed[:, size:]
    return mean, second - mean[:, :, None] * mean[:, None, :]
