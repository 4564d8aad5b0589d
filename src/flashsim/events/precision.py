"""Short mantissas: numbers of which a file keeps so many bits only, as NanoAOD does (its word: precision)."""

import numpy as np
from jaxtyping import Bool, Float32, Shaped

MANTISSA = 23
"""Bits of the mantissa of a float32, the first one not counted, which is always 1."""


def rounded(values: Shaped[np.ndarray, "*shape"], precision: int) -> Float32[np.ndarray, "*shape"]:
    """Single precision, rounded to the nearest number whose mantissa has `precision` bits; half a step is rounded up.

    What is not a number, or infinite, stays.
    """
    numbers = np.ascontiguousarray(values, dtype=np.float32)
    step = 1 << (MANTISSA - precision)
    bits = (numbers.view(np.uint32) + np.uint32(step >> 1)) & np.uint32(2**32 - step)
    return np.where(np.isfinite(numbers), bits.view(np.float32), numbers)


def is_rounded(values: Shaped[np.ndarray, "*shape"], precision: int) -> Bool[np.ndarray, "*shape"]:
    """Which values have mantissas of no more than `precision` bits."""
    numbers = np.ascontiguousarray(values, dtype=np.float32)
    return numbers.view(np.uint32) & np.uint32((1 << (MANTISSA - precision)) - 1) == 0


def spread(
    values: Shaped[np.ndarray, "*shape"], precision: int, words: Shaped[np.ndarray, "*shape"]
) -> Float32[np.ndarray, "*shape"]:
    """Rounded values, each at a place of the step that was rounded to it, by random `words` of 32 bits.

    `rounded` gives them back. Zeros and what is not finite stay.
    """
    numbers = np.ascontiguousarray(values, dtype=np.float32)
    stays = (numbers == 0) | ~np.isfinite(numbers)
    bits, half = (
        np.where(stays, np.uint32(1 << MANTISSA), numbers.view(np.uint32)),
        np.uint32(1 << (MANTISSA - precision) >> 1),
    )
    first, last = ((bits - half).view(np.float32), (bits + half - np.uint32(1)).view(np.float32))
    places = first + (words.astype(np.uint32) * 2.0**-32) * (last.astype(np.float64) - first)
    return np.where(stays, numbers, places.astype(np.float32))
