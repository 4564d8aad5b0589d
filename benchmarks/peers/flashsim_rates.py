"""FlashSim's rates by the real trainer and by the tiles of simulation. Runs in FlashSim's own environment.

A step of FlashSim reads a batch of n rows: n/2 are the full simulation, and the conditions of the others are those of
the n/2 generated objects. The rows counted are the n that are read.
"""

import sys
from contextlib import suppress
from importlib.metadata import version

import equinox as eqx
import jax
import numpy as np
from pydantic import TypeAdapter, ValidationError
from serve import Stopwatch, Task, Work, pieces, serve

from flashsim.card import Model, Training
from flashsim.models import AbstractModel, adversary, create_model
from flashsim.simulation.blocks import BLOCK
from flashsim.simulation.keys import normal_noise, object_keys
from flashsim.simulation.run import in_order
from flashsim.simulation.tiles import in_tiles
from flashsim.training import TrainingData, fit

DEPTH, WIDTH, LATENT, BATCH = 5, 128, 64, 2048
GAN = {"depth": DEPTH, "width": WIDTH, "latent": LATENT, "critic_steps": 1}
FLOWS = {
    "sample": {"family": "masked-autoregressive", "layers": 6, "depth": 2, "width": 128},
    "sample in one step": {"family": "one-step", "depth": 3, "width": 128},  # as the spectrometer's card has it
}
PENALISED = {"penalty": 1.0}  # as PIDGAN's default; the time does not depend on it
GANS = {"bce-gan": GAN, "bce-gan-alp": GAN | PENALISED, "wgan-alp": GAN | PENALISED}
COMPILED = 2
"""Epochs that are left out: the first one compiles."""


class EnoughError(Exception):
    """The time is over."""


class Clock:
    """A report of the trainer that counts rows and seconds, and stops it when the time is over."""

    def __init__(self, rows: int, seconds: float):
        self.rows, self.seconds, self.epochs = rows, seconds, -COMPILED
        self.watch, self.work = Stopwatch(), Work(0, 0.0, 0.0)

    def __call__(self, epoch: object) -> None:
        """Called after every epoch."""
        self.epochs += 1
        if self.epochs <= 0:
            self.watch = Stopwatch()
            return
        self.work = self.watch.done(self.epochs * self.rows)
        if self.work.seconds >= self.seconds:
            raise EnoughError


def untrained(options: Model, x: np.ndarray, y: np.ndarray) -> AbstractModel:
    """What learns the scores: location and scale, which the peers have not, are left out."""
    return create_model(options, x.shape[1], y.shape[1], jax.random.key(0)).model


def training(options: Model, x: np.ndarray, y: np.ndarray) -> Task:
    """Whole epochs of the trainer: with the moving average, and with the held-out loss of one batch."""
    rows = TrainingData(x, y, np.ones(len(x), np.float32))
    held_out = TrainingData(*(array[:BATCH] for array in (rows.conditions, rows.targets, rows.weights)))
    learner = adversary(untrained(options, x, y), options, x.shape[1], None, jax.random.key(1))
    settings = Training(epochs=10**5, batch=BATCH, learning_rate=1e-3, patience=10**5)

    def measure(seconds: float) -> Work:
        clock = Clock(len(x), seconds)
        with suppress(EnoughError):
            fit(learner, rows, held_out, settings, report=clock)
        return clock.work

    return measure


# As in simulation: tiles side by side, each on one core.
@eqx.filter_jit(compiler_options={"xla_cpu_multi_thread_eigen": False})
def _drawn(model, keys, conditions):
    return (jax.vmap(model.sample)(conditions, normal_noise(keys, 0, model.noise)),)


@eqx.filter_jit(compiler_options={"xla_cpu_multi_thread_eigen": False})
def _without_random_numbers(model, keys, conditions):
    noise = (keys[:, :1] >> 9).astype("float32") * jax.numpy.full(model.noise, 1e-7)
    return (jax.vmap(model.sample)(conditions, noise),)


def simulation(model: AbstractModel, x: np.ndarray, draw=_drawn) -> Task:
    """Blocks of objects, each with keys of its own, by the workers of a production."""
    counters = np.zeros((len(x), 6), np.uint32)
    counters[:, -1] = np.arange(len(x))

    def block(rows: slice) -> int:
        keys = object_keys(0, counters[rows])
        (found,) = in_tiles(lambda *tile: draw(model, *tile), keys, x[rows])
        return len(found)

    def measure(seconds: float) -> Work:
        watch = Stopwatch()

        def passes():
            yield from pieces(len(x), BLOCK)
            while watch.seconds < seconds:
                yield from pieces(len(x), BLOCK)

        return watch.done(sum(in_order(block, passes(), workers=None)))

    return measure


def options(table: dict) -> Model | None:
    """The card's table of a family, or None where this version has no such family."""
    try:
        return TypeAdapter(Model).validate_python(table)
    except ValidationError as error:
        if any(problem["type"] == "union_tag_invalid" for problem in error.errors()):
            return None
        raise


def main() -> None:
    with np.load(sys.argv[1]) as data:
        x, y = data["x"], data["y"]
    tasks = {}
    for family, table in GANS.items():
        found = options(table | {"family": family})
        if found is not None:
            tasks[f"train {family}"] = training(found, x, y)
            player = untrained(found, x, y)
            tasks["generate"] = simulation(player, x)
            tasks["generate without random numbers"] = simulation(player, x, _without_random_numbers)
    for task, table in FLOWS.items():
        flow = options(table)
        if flow is not None:
            tasks[task] = simulation(untrained(flow, x, y), x)
    serve({"flashsim": version("flashsim"), "jax": version("jax")}, tasks)


if __name__ == "__main__":
    main()
