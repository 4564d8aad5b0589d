"""Run the response of a stage over objects, each with its own random numbers."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, UInt32

from flashsim.simulation.keys import normal_noise, stage_number
from flashsim.simulation.tiles import in_tiles
from flashsim.training import Response, TrainedStage


# Tiles run side by side, one a worker: a tile that is itself spread over the cores waits for the others' threads.
@eqx.filter_jit(compiler_options={"xla_cpu_multi_thread_eigen": False})  # pyright: ignore[reportCallIssue] (for jax.jit)
def _respond(
    response: Response,
    stage: UInt32[Array, ""],
    keys: UInt32[Array, "tile 2"],
    conditions: Float[Array, "tile conditions"],
) -> tuple[Float[Array, "tile outputs"], Bool[Array, " tile"]]:
    return response(conditions, normal_noise(keys, stage, response.model.noise))


def run_stage(
    trained: TrainedStage,
    keys: UInt32[np.ndarray, "objects 2"],
    conditions: Float[np.ndarray, "objects conditions"],
) -> tuple[Float[np.ndarray, "objects outputs"], Bool[np.ndarray, " objects"]]:
    """The outputs of each object, and which lie outside the training range."""
    number = jnp.asarray(stage_number(trained.stage.name))
    outputs, outside = in_tiles(lambda *tile: _respond(trained.response, number, *tile), keys, conditions)
    return outputs, outside
