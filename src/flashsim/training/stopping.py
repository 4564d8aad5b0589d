"""Early stopping, of each member by its own held-out losses."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int


class Stopping(NamedTuple):
    """The best epoch of each member so far, from 1, and whether its patience is at an end."""

    best: Int[np.ndarray, " members"]
    ended: Bool[np.ndarray, " members"]


def stopping(held_out: Float[np.ndarray, "epochs members"], patience: int) -> Stopping:
    """Where each member stands after so many epochs (one at least).

    A member stops `patience` epochs after its best one. While others go on it is trained with them, but what
    comes of that does not count: it ends as it would alone.
    """
    epochs = np.arange(1, len(held_out) + 1)[:, None]
    lowest = np.minimum.accumulate(held_out, axis=0)
    better = np.concatenate([np.ones_like(held_out[:1], bool), held_out[1:] < lowest[:-1]])
    best = np.maximum.accumulate(np.where(better, epochs, 0), axis=0)
    over = epochs - best >= patience
    ended = np.asarray(over.any(axis=0))
    last = np.where(ended, over.argmax(axis=0), len(held_out) - 1)
    return Stopping(best[last, np.arange(held_out.shape[1])], ended)
