"""What a trained category stage says of the classes of full simulation's objects."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float

from flashsim.models import CategoricalClassifier
from flashsim.stages import Namespace, conditions
from flashsim.training import TrainedStage

TILE = 8192


class Probabilities:
    """The class probabilities of objects, in tiles of one shape: compiled once, whatever the blocks.

    Those of an ensemble are the mean of its members, one of which is drawn.
    """

    def __init__(self, trained: TrainedStage) -> None:
        self.trained = trained
        transform = trained.response.conditions
        self.members = [
            jax.jit(lambda raw, model=member.model: jax.vmap(model.log_probabilities)(transform.forward(raw)))
            for member in trained.members
            if isinstance(member.model, CategoricalClassifier)
        ]

    def __call__(
        self, namespace: Namespace, rows: Bool[np.ndarray, " objects"]
    ) -> Float[np.ndarray, "selected classes"] | None:
        """The probabilities of the selected objects; None where the stage has no classes."""
        if not self.members:
            return None
        inputs = np.asarray(conditions(namespace, self.trained.columns, rows))
        found = np.zeros((len(inputs), len(self.trained.classes)))
        for start in range(0, len(inputs), TILE):
            part = inputs[start : start + TILE]
            padded = jnp.asarray(np.concatenate([part, np.repeat(part[:1], TILE - len(part), axis=0)]))
            for member in self.members:
                logarithms = np.asarray(member(padded), dtype=np.float64)[: len(part)]
                found[start : start + TILE] += np.exp(logarithms) / len(self.members)
        return found
