"""Threefry-2x32: 64 random bits from a key of 64 bits and a counter of 64 bits, and from nothing else."""

import numpy as np
from jaxtyping import Array, UInt32

ROTATIONS = (13, 15, 26, 6, 17, 29, 16, 24)
ROUNDS = 20
PARITY = np.uint32(0x1BD11BDA)

Pair = tuple[UInt32[Array, "..."], UInt32[Array, "..."]]
"""64 bits as two words; the shapes broadcast."""


def threefry(key: Pair, counter: Pair) -> Pair:
    """The block of `counter` under `key`: a permutation of all counters for each key.

    Threefry-2x32 with 20 rounds (Salmon, Moraes, Dror & Shaw, SC'11, doi:10.1145/2063384.2063405): additions,
    rotations and exclusive ors alone, which every CPU does on many words at once. It passes BigCrush, and is
    the generator of JAX, whose words these are.

    The rounds are unrolled, so that they compile to one loop over the objects, with all words in registers. Use
    one word of the two, or feed both to a `jax.lax.fori_loop`: XLA computes the rounds again, or worse, for every
    further use.
    """
    schedule = (*key, key[0] ^ key[1] ^ PARITY)
    left, right = counter[0] + schedule[0], counter[1] + schedule[1]
    for number in range(ROUNDS):
        left = left + right
        right = _rotated(right, ROTATIONS[number % len(ROTATIONS)]) ^ left
        if number % 4 == 3:
            injection = number // 4 + 1
            left = left + schedule[injection % 3]
            right = right + schedule[(injection + 1) % 3] + np.uint32(injection)
    return left, right


def _rotated(word: UInt32[Array, "..."], bits: int) -> UInt32[Array, "..."]:
    return (word << np.uint32(bits)) | (word >> np.uint32(32 - bits))
