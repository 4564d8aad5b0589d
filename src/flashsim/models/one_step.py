"""One network from noise to the outputs, and how it learns this from a flow."""

from typing import final

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from flashsim.models.frozen import Frozen
from flashsim.models.model import AbstractModel
from flashsim.nets import MLP


@final
class OneStep(AbstractModel):
    """The noise, moved by what a network says: ``noise + net(noise, conditions)``.

    On normal scores most of the way is no way, so that an untrained one draws from the standard normal, as a
    flow on the trigonometric path does.
    """

    net: MLP
    noise: int = eqx.field(static=True)

    @staticmethod
    def create(conditions: int, targets: int, *, width: int, depth: int, key: PRNGKeyArray) -> "OneStep":
        """An untrained one of `targets` outputs."""
        return OneStep(net=MLP(targets + conditions, targets, width=width, depth=depth, key=key), noise=targets)

    def loss(
        self,
        conditions: Float[Array, "objects conditions"],
        targets: Float[Array, "objects targets"],
        key: PRNGKeyArray,
    ) -> Float[Array, " objects"]:
        """The energy score from two draws, (|x − y| + |x' − y| − |x − x'|) / 2: least on average for draws with the
        distribution of the targets y (Gneiting & Raftery 2007, doi:10.1198/016214506000001437).

        It needs no teacher. `Distillation` has the loss that it is trained with.
        """
        noise = jax.random.normal(key, (2, *targets.shape))
        first, second = (jax.vmap(self.sample)(conditions, one) for one in noise)
        return (_distance(first, targets) + _distance(second, targets) - _distance(first, second)) / 2

    def sample(
        self, conditions: Float[Array, " conditions"], noise: Float[Array, " noise"]
    ) -> Float[Array, " targets"]:
        """The outputs that belong to this noise."""
        return noise + self.net(jnp.concatenate([noise, conditions]))


@final
class Distillation(AbstractModel):
    """A student that learns where its teacher takes each noise (Luhman & Luhman 2021, arXiv:2101.02388).

    A flow with a fixed number of steps is a map from noise to outputs: what the student learns is a regression
    without noise in the answer, of which there are as many examples as one cares to compute.
    """

    student: OneStep
    teacher: Frozen
    noise: int = eqx.field(static=True)

    @staticmethod
    def of(student: OneStep, teacher: AbstractModel) -> "Distillation":
        """`student` before the lessons of `teacher`, a trained model with the same outputs and as much noise."""
        return Distillation(student=student, teacher=Frozen.of(teacher), noise=teacher.noise)

    def loss(
        self,
        conditions: Float[Array, "objects conditions"],
        targets: Float[Array, "objects targets"],
        key: PRNGKeyArray,
    ) -> Float[Array, " objects"]:
        """The squared distance from the teacher's outputs for the same noise, a mean over the outputs."""
        noise = jax.random.normal(key, targets.shape)
        shown = jax.vmap(self.teacher.model().sample)(conditions, noise)
        return jnp.mean((jax.vmap(self.student.sample)(conditions, noise) - shown) ** 2, axis=1)

    def sample(
        self, conditions: Float[Array, " conditions"], noise: Float[Array, " noise"]
    ) -> Float[Array, " targets"]:
        """The student's outputs."""
        return self.student.sample(conditions, noise)


def _distance(
    first: Float[Array, "objects targets"], second: Float[Array, "objects targets"]
) -> Float[Array, " objects"]:
    # Never exactly zero, where a square root has no slope.
    return jnp.sqrt(jnp.sum((first - second) ** 2, axis=1) + 1e-12)
