"""Compiled tiles of one shape: the stages run over them, padded, and are compiled once."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, UInt32

from flashsim.simulation.keys import normal_noise, stage_number
from flashsim.training import Response, TrainedStage

TILE = 2048
"""Objects a tile: small enough for a core's cache, large enough to keep the matrix units busy."""


@eqx.filter_jit
def _run_tile(
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
    """The stage's outputs for any number of objects, tile by tile; the last tile is padded.

    An object's bits depend on its slot in the grid of tiles at most, never on the number of objects.
    """
    objects = len(conditions)
    outputs = np.empty((objects, len(trained.outputs)), dtype=np.float32)
    outside = np.empty(objects, dtype=bool)
    number = jnp.asarray(np.uint32(stage_number(trained.stage.name)))
    pending = []
    for start in range(0, objects, TILE):
        rows = slice(start, min(start + TILE, objects))
        tile = _padded(keys[rows]), _padded(conditions[rows])
        pending.append((rows, _run_tile(trained.response, number, *map(jnp.asarray, tile))))
    for rows, (tile_outputs, tile_outside) in pending:
        filled = rows.stop - rows.start
        outputs[rows] = np.asarray(tile_outputs)[:filled]
        outside[rows] = np.asarray(tile_outside)[:filled]
    return outputs, outside


def _padded(rows: np.ndarray) -> np.ndarray:
    if len(rows) == TILE:
        return rows
    tile = np.zeros((TILE, *rows.shape[1:]), dtype=rows.dtype)
    tile[: len(rows)] = rows
    return tile
