"""Every number below n once, in random order, without sorting."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int, PRNGKeyArray, UInt32

from flashsim.random.draw import words

ROUNDS = 8
STREAM = 0


def permutation(key: PRNGKeyArray, size: int) -> Int[Array, " size"]:
    """The numbers 0 … `size` − 1 in an order that follows from the key; `size` is at most 2³¹.

    A Feistel network is a permutation of all numbers of so many bits; one that is too large goes through it
    again until it is not (Black & Rogaway 2002, doi:10.1007/3-540-45760-7_9). `jax.random.permutation` sorts, which
    takes 17 times as long on a CPU (80,000 numbers), on one core. Good enough to mix rows; not every one of the n!
    orders is possible.
    """
    bits = max(2, (size - 1).bit_length())
    keys = words(key, STREAM, 1, ROUNDS)[0]
    start = _mixed(jnp.arange(size, dtype=jnp.uint32), keys, bits)
    found = jax.lax.while_loop(
        lambda numbers: jnp.any(numbers >= size),
        lambda numbers: jnp.where(numbers >= size, _mixed(numbers, keys, bits), numbers),
        start,
    )
    return found.astype(jnp.int32)


def _mixed(numbers: UInt32[Array, " size"], keys: UInt32[Array, " rounds"], bits: int) -> UInt32[Array, " size"]:
    """The upper half is changed by what the lower half says, then the lower by the upper, in turns."""
    low = bits // 2
    upper, lower = numbers >> np.uint32(low), numbers & np.uint32((1 << low) - 1)
    for number in range(0, ROUNDS, 2):
        upper = upper ^ (_hash(lower + keys[number]) >> np.uint32(32 - bits + low))
        lower = lower ^ (_hash(upper + keys[number + 1]) >> np.uint32(32 - low))
    return (upper << np.uint32(low)) | lower


def _hash(numbers: UInt32[Array, " size"]) -> UInt32[Array, " size"]:
    """The finaliser of MurmurHash3, of which the upper bits are taken."""
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        numbers = (numbers ^ (numbers >> np.uint32(shift))) * np.uint32(factor)
    return numbers ^ (numbers >> np.uint32(16))
