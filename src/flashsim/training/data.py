"""The matrices that a model is trained on."""

import hashlib
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True)
class TrainingData:
    """Conditions and targets in latent space, float32, with a mean weight of one."""

    conditions: Float[np.ndarray, "objects conditions"]
    targets: Float[np.ndarray, "objects targets"]
    weights: Float[np.ndarray, " objects"]

    @property
    def objects(self) -> int:
        """The number of rows."""
        return len(self.weights)

    def fingerprint(self) -> str:
        """A sha256 of the content: a checkpoint belongs to the data that it was made with."""
        digest = hashlib.sha256()
        for array in (self.conditions, self.targets, self.weights):
            digest.update(f"{array.shape}{array.dtype}".encode())
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()
