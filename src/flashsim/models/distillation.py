"""A generator that learns from a teacher what the teacher needs many evaluations for."""

from typing import final

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from flashsim.models.generator import Generator
from flashsim.models.model import AbstractLearner, AbstractModel
from flashsim.models.player import Player


@final
class Distillation(AbstractLearner):
    """A student that learns where its teacher takes each noise (Luhman & Luhman 2021, arXiv:2101.02388).

    A flow, of splines or with a fixed number of steps, is a map from noise to outputs: what the student learns is a
    regression without noise in the answer, of which there are as many examples as one cares to compute.
    """

    student: Generator
    teacher: AbstractModel

    def __check_init__(self) -> None:
        if self.student.noise != self.teacher.noise:
            raise ValueError(f"a student of {self.student.noise} random numbers, a teacher of {self.teacher.noise}")

    @property
    def players(self) -> tuple[Player, ...]:
        """The student."""
        return (Player("student", part=lambda model: model.student, loss=Distillation._mean_loss),)

    def loss(
        self,
        conditions: Float[Array, "objects conditions"],
        targets: Float[Array, "objects targets"],
        key: PRNGKeyArray,
    ) -> Float[Array, " objects"]:
        """The squared distance from the teacher's outputs for the same noise, a mean over the outputs.

        The targets give no more than their number: the teacher has learnt them.
        """
        noise = jax.random.normal(key, (len(targets), self.teacher.noise))
        shown = jax.lax.stop_gradient(jax.vmap(self.teacher.sample)(conditions, noise))
        return jnp.mean((jax.vmap(self.student.sample)(conditions, noise) - shown) ** 2, axis=1)

    def _mean_loss(
        self,
        conditions: Float[Array, "objects conditions"],
        targets: Float[Array, "objects targets"],
        weights: Float[Array, " objects"],
        key: PRNGKeyArray,
    ) -> Float[Array, ""]:
        """Of all objects alike: the teacher has learnt the weights, and the student follows it everywhere."""
        del weights
        return jnp.mean(self.loss(conditions, targets, key))
