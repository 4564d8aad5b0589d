"""Nanoseconds a standard normal number, and its share of the time of a generator with 64 latents, in one run.

    python benchmarks/random_numbers.py

One thread, tiles of 2,048 objects as in simulation, the best of many calls. Beside ours: `jax.random.normal` under a
key an object, folded with the stage, and both halves of ours alone. The generator is a network of 5 x 128 (the
size that PIDGAN publishes) on 64 latents and 20 conditions, with 5 outputs. Its random numbers come with
it in one compiled call, as in simulation; their share is what the call takes more than with noise that is there.
"""

import argparse
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from flashsim.nets import MLP
from flashsim.random.normal import standard_normal
from flashsim.random.threefry import threefry
from flashsim.simulation.keys import normal_noise, object_keys
from flashsim.simulation.tiles import TILE

STAGE = np.uint32(7)
LATENTS, CONDITIONS = 64, 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="write the numbers here too")
    arguments = parser.parse_args()
    numbers = {}
    for size in (5, 16, LATENTS):
        numbers |= a_number(size)
    numbers |= generator()
    for name, value in numbers.items():
        print(f"{name:<46} {value:>10.2f}")
    if arguments.json:
        arguments.json.write_text(json.dumps(numbers, indent=1) + "\n")


def counters() -> np.ndarray:
    values = np.zeros((TILE, 6), np.uint32)
    values[:, 5] = np.arange(TILE)
    return values


def keys() -> Array:
    return jnp.asarray(object_keys(0, counters()))


def with_jax(keys: Array, size: int) -> Array:
    """A key an object and stage, and JAX's own normal numbers of it."""

    def one(data: Array) -> Array:
        key = jax.random.fold_in(jax.random.wrap_key_data(data), STAGE)
        return jax.random.normal(key, (size,))

    return jax.vmap(one)(keys)


def word(keys: Array, size: int) -> Array:
    place = jnp.arange(size, dtype=jnp.uint32)[None]
    return threefry((keys[:, 0, None], keys[:, 1, None]), (jnp.full_like(place, STAGE), place))[0]


def a_number(size: int) -> dict[str, float]:
    """Nanoseconds a number, when an object needs `size` of them."""
    words = jnp.asarray(np.random.default_rng(0).integers(0, 2**32, (TILE, size), dtype=np.uint32))
    uniform = (words >> 9).astype(jnp.float32) * jnp.float32(2.0**-23)
    calls: dict[str, tuple[Callable[..., Array], Array]] = {
        "ns, jax.random.normal": (lambda keys: with_jax(keys, size), keys()),
        "ns, ours": (lambda keys: normal_noise(keys, STAGE, size), keys()),
        "ns, ours: the word": (lambda keys: word(keys, size), keys()),
        "ns, ours: the quantile": (standard_normal, words),
        "ns, the inverse error function": (lambda u: jax.lax.erf_inv(2 * u - 1), uniform),
    }
    seconds = best([compiled(call, value) for call, value in calls.values()])
    return {f"{name} of {size}": value / (TILE * size) * 1e9 for name, value in zip(calls, seconds, strict=True)}


def generator() -> dict[str, float]:
    """Nanoseconds an object of a generator, alone and with its random numbers."""
    network = MLP(LATENTS + CONDITIONS, 5, width=128, depth=5, key=jax.random.key(0))
    conditions = jax.random.normal(jax.random.key(1), (TILE, CONDITIONS))
    noise = jax.random.normal(jax.random.key(2), (TILE, LATENTS))

    def generate(noise: Array) -> Array:
        return jax.vmap(network)(jnp.concatenate([noise, conditions], axis=1))

    calls = (
        compiled(generate, noise),
        compiled(lambda keys: generate(with_jax(keys, LATENTS)), keys()),
        compiled(lambda keys: generate(normal_noise(keys, STAGE, LATENTS)), keys()),
        lambda: object_keys(0, counters()),
    )
    alone, jax_too, ours_too, its_key = (seconds / TILE * 1e9 for seconds in best(calls))
    return {
        "ns an object: its key, once for all stages": its_key,
        "ns an object: generator, noise at hand": alone,
        "ns an object: generator and jax.random.normal": jax_too,
        "ns an object: generator and ours": ours_too,
        "share of random numbers, jax.random.normal": 1 - alone / jax_too,
        "share of random numbers, ours": 1 - alone / ours_too,
    }


def compiled(call: Callable[[Array], Array], value: Array) -> Callable[[], object]:
    """The call on `value`, compiled for one thread, until its result is there."""
    program = jax.jit(call, compiler_options={"xla_cpu_multi_thread_eigen": False}).lower(value).compile()
    return lambda: program(value).block_until_ready()


def best(calls: Sequence[Callable[[], object]], repeats: int = 400) -> list[float]:
    """Seconds of each call, the best of many, in turn: so that another process disturbs all alike."""
    seconds = []
    for _ in range(repeats):
        times = [time.perf_counter()]
        for call in calls:
            call()
            times.append(time.perf_counter())
        seconds.append(np.diff(times))
    return np.min(seconds, axis=0).tolist()


if __name__ == "__main__":
    main()
