"""A trained stage: the pure function that simulation runs, and what is known about it."""

from dataclasses import dataclass, field, replace
from typing import Any, final

import equinox as eqx
import jax
from jaxtyping import Array, Bool, Float

from flashsim.card import Stage
from flashsim.errors import FlashSimError
from flashsim.models import AbstractModel
from flashsim.stages import ConditionColumn
from flashsim.training.external import ExternalResponse
from flashsim.transforms import Conditions, Transform


@final
class Response(eqx.Module):
    """From conditions in physical units and standard normal noise to outputs in physical units."""

    conditions: Conditions
    model: AbstractModel
    outputs: Transform

    def __call__(
        self, conditions: Float[Array, "objects conditions"], noise: Float[Array, "objects noise"]
    ) -> tuple[Float[Array, "objects outputs"], Bool[Array, " objects"]]:
        """The outputs of each object, and whether its conditions lie outside the training range."""
        latent = jax.vmap(self.model.sample)(self.conditions.forward(conditions), noise)
        return self.outputs.inverse(latent), self.conditions.outside(conditions)


@dataclass(frozen=True)
class TrainedStage:
    """One stage of a detector.

    `columns` are the response's inputs in order, `outputs` the names of what it attaches, `classes`
    the values of a category (empty for a response), `members` the responses of an ensemble, which differ in the
    numbers of their models alone (one where it is none, or where the model was brought along), `summary` what
    training came to (JSON; empty for a model that was brought along).
    """

    stage: Stage
    columns: tuple[ConditionColumn, ...]
    outputs: tuple[str, ...]
    classes: tuple[int, ...]
    members: tuple[Response | ExternalResponse, ...]
    summary: dict[str, Any] = field(default_factory=dict)

    @property
    def response(self) -> Response | ExternalResponse:
        """The first member: the only one of a stage that is no ensemble."""
        return self.members[0]

    @property
    def learnt(self) -> tuple[Response, ...]:
        """The members of a stage that was trained; FlashSimError for a model that was brought along."""
        found = tuple(member for member in self.members if isinstance(member, Response))
        if not found:
            raise FlashSimError(
                f"stage {self.stage.name!r} runs a model that was brought along ({self.stage.model.family}): only what "
                "FlashSim has trained can be exported; use that model's own file"
            )
        return found

    def with_member(self, member: int) -> "TrainedStage":
        """The stage with one member alone; one that is no ensemble is as it was."""
        stage = self.stage.model_copy(update={"members": 1})
        return replace(self, stage=stage, members=(self.members[member % len(self.members)],))


@dataclass(frozen=True)
class Progress:
    """Where training stands: for progress bars and logs. Rates are rows a second.

    Losses are means over the members of an ensemble; `spread` is the standard deviation of the held-out loss over
    them, None where there is one.
    """

    stage: str
    epoch: int
    epochs: int
    training: float
    validation: float
    rows_per_second: float
    spread: float | None = None
