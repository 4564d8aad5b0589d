"""Stages whose model was brought along: nothing is learnt, and simulation runs somebody's program."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, final

import numpy as np
from jaxtyping import Bool, Float
from scipy.special import ndtr

from flashsim.card import Card, ConditionRange, LibraryModel, OnnxModel, Stage, factor
from flashsim.card.stage import WHOLE
from flashsim.errors import FlashSimError
from flashsim.external import Program
from flashsim.files import sha256
from flashsim.stages import ConditionColumn

Values = TypeVar("Values")
SUM_WITHIN = 1e-3
"""How far from one the probabilities of a model may add up: float32, and tables rounded by hand."""


@final
class Unchanged:
    """Conditions as the card gives them: what the program makes of them is its own affair."""

    def forward(self, values: Values) -> Values:
        """The same values."""
        return values


@final
@dataclass(frozen=True)
class ExternalResponse:
    """As `Response`, by a program: from conditions and standard normal noise to outputs, in physical units.

    Of a category the program gives probabilities of `classes`, one of which is drawn by the last number of the noise;
    else its outputs are multiplied by `factors`, to be in our units, and rounded where they are `whole`.
    """

    model: Program
    classes: tuple[int, ...]
    factors: tuple[float, ...]
    whole: tuple[bool, ...]
    ranges: tuple[ConditionRange | None, ...]
    conditions: Unchanged = Unchanged()  # noqa: RUF009 (it has no state)

    @property
    def noise(self) -> int:
        """How many random numbers one object needs."""
        return self.model.noise + bool(self.classes)

    def __call__(
        self, conditions: Float[np.ndarray, "objects conditions"], noise: Float[np.ndarray, "objects noise"]
    ) -> tuple[Float[np.ndarray, "objects outputs"], Bool[np.ndarray, " objects"]]:
        """The outputs of each object, and whether its conditions lie outside the range of the model."""
        found = self.model(conditions, noise[:, : self.model.noise]).astype(np.float64)
        outside = np.zeros(len(conditions), dtype=bool)
        for column, limits in zip(conditions.T, self.ranges, strict=True):
            if limits is not None:
                outside |= (column < limits[0]) | (column > limits[1])
        if self.classes:
            return self._drawn(found, noise[:, -1]), outside
        values = found * np.asarray(self.factors)
        return np.where(self.whole, np.round(values), values), outside

    def _drawn(
        self, probabilities: Float[np.ndarray, "objects outputs"], noise: Float[np.ndarray, " objects"]
    ) -> Float[np.ndarray, "objects 1"]:
        if probabilities.shape[1] == 1:
            probabilities = np.concatenate([1 - probabilities, probabilities], axis=1)
        total = probabilities.sum(axis=1)
        wrong = ~((probabilities.min(axis=1, initial=0) >= -SUM_WITHIN) & (np.abs(total - 1) <= SUM_WITHIN))
        if wrong.any():
            worst = int(np.argmax(wrong))
            shown = ", ".join(f"{value:.4g}" for value in probabilities[worst])
            raise FlashSimError(
                f"{self.model.name}: gives {shown} for an object ({int(wrong.sum())} such of {len(wrong)}): the "
                f"probabilities of classes {', '.join(map(str, self.classes))} are not negative, and add up to 1"
            )
        below = np.cumsum(probabilities, axis=1)[:, :-1]
        chosen = (ndtr(noise.astype(np.float64))[:, None] * total[:, None] >= below).sum(axis=1)
        return np.asarray(self.classes, dtype=np.float64)[chosen][:, None]


def external_file(card: Card, stage: Stage) -> Path:
    """The file that the card names for a stage, with the checksum that it says."""
    model = _model(stage)
    file = card.folder / model.file
    key = f"stage.{stage.name}.model.file = {model.file!r}"
    if not file.is_file():
        raise FlashSimError(f"{key}: no such file: {file}; the name is relative to the card, and nothing is downloaded")
    if model.sha256 is not None and sha256(file) != model.sha256:
        raise FlashSimError(f"{key}: {file} has sha256 {sha256(file)}, not that of the card; fetch the right file")
    return file


def external_response(card: Card, stage: Stage, columns: Sequence[ConditionColumn], file: Path) -> ExternalResponse:
    """The response of a stage that runs `file`, which is not started yet."""
    model = _model(stage)
    details: Mapping[str, Any]
    if isinstance(model, LibraryModel):
        details = {"symbol": model.symbol}
    else:
        details = {"names": {"conditions": model.conditions, "random": model.random, "output": model.output}}
    classes = tuple(model.classes or ())
    names = stage.predicted_names
    types = [] if isinstance(stage.predict, str) else [variable.type for variable in stage.predict.values()]
    return ExternalResponse(
        Program(
            file,
            model.family,
            len(columns),
            model.noise,
            model.outputs or len(classes) or len(names),
            model.timeout,
            details,
        ),
        classes,
        tuple(factor(_unit(card, stage, name)) for name in names),
        tuple(kind in WHOLE for kind in types),
        tuple(model.range.get(column.text) for column in columns),
    )


def _model(stage: Stage) -> LibraryModel | OnnxModel:
    if not isinstance(stage.model, LibraryModel | OnnxModel):
        raise TypeError(f"stage {stage.name!r} is trained, and not brought along")
    return stage.model


def _unit(card: Card, stage: Stage, name: str) -> str:
    """The unit in which the program gives a variable."""
    if name in card.reconstructed:
        return card.reconstructed[name].unit
    return "" if isinstance(stage.predict, str) else stage.predict[name].unit
