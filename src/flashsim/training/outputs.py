"""What a stage learns: the values of the full simulation, and their transform to latent space."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from flashsim.card import Stage
from flashsim.errors import FlashSimError
from flashsim.stages import Namespace, outputs, require_finite
from flashsim.transforms import Columns, OneHot, Standard, Transform, fit_transform

ROWS = 2048
"""What is transformed is padded to a multiple of so many rows: a program is compiled for each shape."""


def learnt(
    stage: Stage, namespace: Namespace, rows: Bool[np.ndarray, " objects"]
) -> dict[str, Float[np.ndarray, "selected width"]]:
    """The outputs of the selected objects by name, checked to be finite."""
    if isinstance(stage.predict, str):
        return {stage.predict: namespace[stage.predict][rows].astype(np.float64)[:, None]}
    found = outputs(namespace, stage, rows)
    for name, matrix in found.items():
        require_finite(stage, matrix, stage.predict[name].columns or [name], namespace, rows, "reference sample")
    return found


def fit_outputs(
    stage: Stage, values: dict[str, Float[np.ndarray, "selected width"]], weights: Float[np.ndarray, " selected"]
) -> Transform:
    """The transform of all outputs of a stage side by side; the classes of a category as flags."""
    if isinstance(stage.predict, str):
        classes = np.unique(values[stage.predict])
        if len(classes) < 2:
            raise FlashSimError(
                f"stage {stage.name!r}: {stage.predict!r} is always {classes[0]:g} where {stage.where!r}; "
                "there is nothing to predict"
            )
        if np.any(classes != np.round(classes)):
            raise FlashSimError(f"stage {stage.name!r}: the classes of {stage.predict!r} must be whole numbers")
        return OneHot(tuple(int(value) for value in classes))
    return Columns(
        tuple(
            fit_transform(
                predicted.type,
                values[name],
                weights.astype(np.float64),
                name=f"stage {stage.name!r}: {name}",
                low=predicted.low,
                high=predicted.high,
                values=predicted.values,
                last=Standard.fit_robust,
            )
            for name, predicted in stage.predict.items()
        )
    )


def latent(
    transform: Transform, values: dict[str, Float[np.ndarray, "selected width"]], seed: int
) -> Float[np.ndarray, "selected latent"]:
    """The targets of training: transformed once, discrete values placed at random in their interval."""
    columns = np.concatenate(list(values.values()), axis=1)
    noise = np.random.default_rng(seed).uniform(1e-6, 1 - 1e-6, (len(columns), transform.width_latent))
    physical, placing = _padded(columns), _padded(noise)
    # Variable by variable: those of one type are one compiled program, of all stages and of both parts of the sample.
    every = [(transform, slice(None), slice(None))] if not isinstance(transform, Columns) else transform.pieces()
    moved = [
        _forward(part, jnp.asarray(physical[:, own]), jnp.asarray(placing[:, placed])) for part, own, placed in every
    ]
    return np.concatenate(moved, axis=1, dtype=np.float32)[: len(columns)]


def _padded(columns: Float[np.ndarray, "n columns"]) -> Float[np.ndarray, "padded columns"]:
    """With the first row again until there are a multiple of `ROWS`: small samples are all of one shape."""
    more = -len(columns) % ROWS
    return np.concatenate([columns, np.repeat(columns[:1], more, axis=0)], dtype=np.float32)


@eqx.filter_jit
def _forward(transform: Transform, values: Array, noise: Array) -> Array:
    return transform.forward(values, noise)
