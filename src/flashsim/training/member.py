"""One member of an ensemble, before it is trained: what it starts from and learns from."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Generic, TypeVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Shaped

from flashsim.card import Training
from flashsim.models import AbstractLearner
from flashsim.nets import named_arrays, together
from flashsim.training.data import TrainingData

AnyLearner = TypeVar("AnyLearner", bound=AbstractLearner)
Other = TypeVar("Other", bound=AbstractLearner)


@dataclass(frozen=True)
class Member(Generic[AnyLearner]):
    """A learner with its data; `seed` is that of the order of its batches and of its noise.

    A stage without an ensemble has one member. Data that are the same object for all members are held once.
    """

    model: AnyLearner
    training: TrainingData
    validation: TrainingData
    seed: int

    def of(self, model: Other) -> "Member[Other]":
        """Another learner with the same data and seed."""
        return Member(model, self.training, self.validation, self.seed)


def rows_of(data: Sequence[TrainingData]) -> tuple[tuple[Shaped[Array, "..."], ...], tuple[int | None, ...]]:
    """The `Rows` of all members, and the axis of members of each array: none where all have the same array."""
    found = []
    for arrays in zip(*((one.conditions, one.targets, one.weights) for one in data), strict=True):
        shared = all(array is arrays[0] for array in arrays)
        found.append((jnp.asarray(arrays[0]), None) if shared else (jnp.asarray(np.stack(arrays)), 0))
    rows, axes = zip(*found, strict=True)
    return rows, axes


def fingerprint(members: Sequence[Member[Any]], settings: Training) -> str:
    """What the result of a training depends on: a checkpoint of anything else is of another one."""
    digest = hashlib.sha256(f"{version('flashsim')} {settings.model_dump_json()}".encode())
    data = [part for member in members for part in (member.training, member.validation)]
    known = {key: part.fingerprint() for key, part in {id(part): part for part in data}.items()}
    digest.update(f"{[member.seed for member in members]} {[known[id(part)] for part in data]}".encode())
    models = together([member.model for member in members])
    # The settings of the model that are no arrays, such as the steps of a solver; addresses differ in every process.
    digest.update(re.sub(" at 0x[0-9a-f]+", "", eqx.tree_pformat(models)).encode())
    for name, array in named_arrays(models).items():
        digest.update(f"{name}{array.shape}{array.dtype}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()
