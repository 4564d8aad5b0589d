"""Write a function as StableHLO, by JAX itself: for XLA, IREE, and JAX without this package."""

from pathlib import Path

import jax
import numpy as np

from flashsim.errors import FlashSimError
from flashsim.exports.functions import Exported

PLATFORMS = ("cpu", "cuda")


def write_stablehlo(exported: Exported, folder: Path) -> list[Path]:
    """Write ``<name>.stablehlo``, a portable artefact of StableHLO, and ``<name>.jax``, which `jax.export.deserialize`
    reads; for any number of objects, on a CPU or a GPU.
    """
    (objects,) = jax.export.symbolic_shape("objects")
    shapes = [jax.ShapeDtypeStruct((objects, width), np.float32) for width in exported.inputs.values()]
    made = jax.export.export(jax.jit(jax.vmap(exported.function)), platforms=PLATFORMS)(*shapes)
    try:
        serialized = made.serialize()
    except ImportError:
        raise FlashSimError(
            "export to stablehlo needs a package that is missing: pip install 'flashsim[stablehlo]'"
        ) from None
    module, artefact = folder / f"{exported.name}.stablehlo", folder / f"{exported.name}.jax"
    module.write_bytes(made.mlir_module_serialized)
    artefact.write_bytes(bytes(serialized))
    return [module, artefact]
