"""Counter-based random numbers: what an object draws depends on which object it is, and on nothing else."""

import zlib

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int64, UInt32

from flashsim.events import EventBatch
from flashsim.random.normal import standard_normal
from flashsim.random.threefry import threefry
from flashsim.simulation.tiles import in_tiles


def words(values: Int64[np.ndarray, " objects"]) -> tuple[UInt32[np.ndarray, " objects"], ...]:
    """The lower and the upper 32 bits of 64-bit numbers."""
    unsigned = values.astype(np.uint64)
    return (unsigned & np.uint64(0xFFFFFFFF)).astype(np.uint32), (unsigned >> np.uint64(32)).astype(np.uint32)


@jax.jit
def _keys(root: UInt32[Array, " 2"], counters: UInt32[Array, "tile 6"]) -> UInt32[Array, "tile 2"]:
    pairs = jnp.moveaxis(counters.reshape(-1, 3, 2), 0, -1)
    start = jnp.broadcast_to(root[0], counters.shape[:1]), jnp.broadcast_to(root[1], counters.shape[:1])
    key = jax.lax.fori_loop(0, 3, lambda level, key: threefry(key, (pairs[level, 0], pairs[level, 1])), start)
    return jnp.stack(key, axis=1)


def event_counters(batch: EventBatch, copy: Int64[np.ndarray, " events"]) -> UInt32[np.ndarray, "events 5"]:
    """What makes an event unique: run, event, and its copy."""
    return np.stack([*words(batch.run), *words(batch.event), copy.astype(np.uint32)], axis=1)


def object_counters(batch: EventBatch, copy: Int64[np.ndarray, " events"]) -> UInt32[np.ndarray, "objects 6"]:
    """What makes an object unique: run, event, copy of the event, and the object's place in it."""
    place = batch.object_index.astype(np.uint32)
    return np.concatenate([event_counters(batch, copy)[batch.event_index], place[:, None]], axis=1)


def object_keys(
    seed: int, counters: UInt32[np.ndarray, "objects 6"], collection: str = ""
) -> UInt32[np.ndarray, "objects 2"]:
    """The key of each object: the seed's block of the run is the key of the run, its block of the event the key
    of the event, and its block of copy and object the key of the object.

    The first word of the seed's key is the number of the collection, 0 without a name: objects at the same place of
    two lists of an event share no random number.
    """
    number = stage_number(collection) if collection else np.uint32(0)
    root = jnp.asarray(np.array([number, seed], np.uint32))
    (keys,) = in_tiles(lambda tile: (_keys(root, tile),), counters)
    return keys


class KeysOnDemand:
    """The keys of all objects of some events, each made when it is first asked for: most particles of a collision are
    given to no stage. Of one thread.
    """

    def __init__(self, seed: int, batch: EventBatch, copy: Int64[np.ndarray, " events"], collection: str) -> None:
        self._seed, self._collection = seed, collection
        self._counters = object_counters(batch, copy)
        self._keys = np.zeros((len(self._counters), 2), dtype=np.uint32)
        self._made = np.zeros(len(self._counters), dtype=bool)

    def __getitem__(self, rows: Bool[np.ndarray, " objects"]) -> UInt32[np.ndarray, "chosen 2"]:
        missing = rows & ~self._made
        if missing.any():
            self._keys[missing] = object_keys(self._seed, self._counters[missing], self._collection)
            self._made |= missing
        return self._keys[rows]


def stage_number(name: str) -> np.uint32:
    """A number for a stage, or a collection, that does not change when another one is added before it."""
    return np.uint32(zlib.crc32(name.encode()))


def normal_noise(
    keys: UInt32[Array, "objects 2"], stage: UInt32[Array, ""] | np.uint32, size: int
) -> Float[Array, "objects size"]:
    """Standard normal numbers for each object in a stage (numbered by `stage_number`).

    Number j is made of the first word of the block (stage, j) under the object's key.
    """
    place = jnp.arange(size, dtype=jnp.uint32)[None]
    key = keys[:, 0, None], keys[:, 1, None]
    word, _ = threefry(key, (jnp.full_like(place, stage), place))
    return standard_normal(word)


def stage_noise(keys: UInt32[np.ndarray, "objects 2"], stage: str, size: int) -> Float[np.ndarray, "objects size"]:
    """The numbers of `normal_noise`, for what is not compiled with it."""
    if size == 0:
        return np.zeros((len(keys), 0), np.float32)
    number = jnp.asarray(stage_number(stage))
    (noise,) = in_tiles(lambda tile: (_noise(tile, number, size=size),), keys)
    return noise


_noise = jax.jit(normal_noise, static_argnames="size")
