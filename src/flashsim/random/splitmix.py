"""Well mixed bits of numbers, the same wherever and whenever a number is seen."""

import numpy as np
from jaxtyping import Shaped

GOLDEN = 0x9E3779B97F4A7C15


def splitmix(numbers: Shaped[np.ndarray, " n"]) -> Shaped[np.ndarray, " n"]:
    """64 well mixed bits of every number (the finaliser of SplitMix64: Steele, Lea & Flood, OOPSLA 2014)."""
    bits = numbers.astype(np.uint64)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))


def hashed(numbers: Shaped[np.ndarray, " n"], *, salt: int = 0) -> Shaped[np.ndarray, " n"]:
    """64 well mixed bits of every number; those of another `salt` are independent of them."""
    return splitmix(numbers.astype(np.uint64) + np.uint64((GOLDEN * (salt + 1)) % 2**64))
