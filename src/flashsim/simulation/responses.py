"""Run the response of a stage over objects, each with its own random numbers."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int32, UInt32

from flashsim.errors import FlashSimError
from flashsim.simulation.keys import normal_noise, stage_noise, stage_number
from flashsim.simulation.tiles import in_groups
from flashsim.training import ExternalResponse, Response, TrainedStage


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
    member: Int32[np.ndarray, " objects"] | None = None,
) -> tuple[Float[np.ndarray, "objects outputs"], Bool[np.ndarray, " objects"]]:
    """The outputs of each object, and which lie outside the training range.

    `member` says which of the stage's members simulates each object; the first by default, the only one of a stage that
    is no ensemble.
    """
    if isinstance(trained.response, ExternalResponse):
        try:
            return trained.response(conditions, stage_noise(keys, trained.stage.name, trained.response.noise))
        except FlashSimError as error:
            raise FlashSimError(f"stage {trained.stage.name!r}: {error}") from None
    chosen = np.zeros(len(keys), np.int32) if member is None else member % len(trained.members)
    number, members = jnp.asarray(stage_number(trained.stage.name)), trained.learnt

    def respond(index: int, *tile: Array) -> tuple[Array, Array]:
        # The numbers of a member are arguments of the compiled function: it is the same one for all members.
        return _respond(members[index], number, *tile)

    outputs, outside = in_groups(respond, len(members), chosen, keys, conditions)
    return outputs, outside
