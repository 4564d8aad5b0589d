"""Random numbers that depend only on what they are for, so that no order of work can change them."""

import numpy as np
from jaxtyping import Float64, Int, UInt64

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def _mix(word: UInt64[np.ndarray, "n"]) -> UInt64[np.ndarray, "n"]:
    """The finaliser of splitmix64: every input bit changes every output bit with probability a half."""
    word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return word ^ (word >> np.uint64(31))


def uniform(
    seed: int, stream: int, event: Int[np.ndarray, "n"], index: Int[np.ndarray, "n"]
) -> Float64[np.ndarray, "n"]:
    """Uniform numbers in (0, 1), a pure function of seed, stream (what for), event and index in the event."""
    word = np.full(len(event), seed % 2**64, dtype=np.uint64)
    for key in (np.full(len(event), stream), event, index):
        word = _mix(word + _GOLDEN * (key.astype(np.uint64) + np.uint64(1)))
    return ((word >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52
