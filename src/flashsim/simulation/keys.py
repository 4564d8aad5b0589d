"""Counter-based random numbers: what an object draws depends on which object it is, and on nothing else."""

import zlib

import jax
import numpy as np
from jaxtyping import Array, Float, Int64, UInt32

from flashsim.events import EventBatch
from flashsim.simulation.tiles import in_tiles


def words(values: Int64[np.ndarray, " objects"]) -> tuple[UInt32[np.ndarray, " objects"], ...]:
    """The lower and the upper 32 bits of 64-bit numbers."""
    unsigned = values.astype(np.uint64)
    return (unsigned & np.uint64(0xFFFFFFFF)).astype(np.uint32), (unsigned >> np.uint64(32)).astype(np.uint32)


@jax.jit
def _fold(root: Array, counters: UInt32[Array, "tile words"]) -> UInt32[Array, "tile 2"]:
    def one(words: UInt32[Array, " words"]) -> Array:
        key = root
        for word in words:
            key = jax.random.fold_in(key, word)
        return jax.random.key_data(key)

    return jax.vmap(one)(counters)


def object_counters(batch: EventBatch, copy: Int64[np.ndarray, " events"]) -> UInt32[np.ndarray, "objects words"]:
    """What makes an object unique: run, event, copy of the event, and the object's place in it."""
    event = np.stack([*words(batch.run), *words(batch.event), copy.astype(np.uint32)], axis=1)
    place = batch.object_index.astype(np.uint32)
    return np.concatenate([event[batch.event_index], place[:, None]], axis=1)


def object_keys(seed: int, counters: UInt32[np.ndarray, "objects words"]) -> UInt32[np.ndarray, "objects 2"]:
    """The key of each object: ``fold_in(seed, run, event, copy, object)``, as raw Threefry words."""
    root = jax.random.key(seed)
    (keys,) = in_tiles(lambda tile: (_fold(root, tile),), counters)
    return keys


def stage_number(name: str) -> int:
    """A number for a stage that does not change when another stage is added before it."""
    return zlib.crc32(name.encode())


def normal_noise(keys: UInt32[Array, "objects 2"], stage: Array | int, size: int) -> Float[Array, "objects size"]:
    """Standard normal numbers for each object in a stage (numbered by `stage_number`)."""

    def one(data: UInt32[Array, "2"]) -> Float[Array, " size"]:
        key = jax.random.fold_in(jax.random.wrap_key_data(data), stage)
        return jax.random.normal(key, (size,))

    return jax.vmap(one)(keys)
