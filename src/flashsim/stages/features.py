"""What a stage reads and what it predicts, as matrices: the one place where both are computed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Shaped

from flashsim.card import Card, Stage
from flashsim.errors import FlashSimError
from flashsim.stages.chosen_rows import ChosenRows
from flashsim.stages.namespace import Namespace


@dataclass(frozen=True)
class ConditionColumn:
    """One column of a stage's input: a number, or one class of a category (`value` is then set)."""

    text: str
    value: int | None = None

    @property
    def name(self) -> str:
        """Such as ``log10(p)`` or ``species == 13``."""
        return self.text if self.value is None else f"{self.text} == {self.value}"

    def of(self, values: Any) -> Any:
        """The column, from the values of its `text`: themselves, or whether they are of this class."""
        return values if self.value is None else values == self.value


def condition_columns(card: Card, stage: Stage, classes: Mapping[str, Sequence[int]]) -> tuple[ConditionColumn, ...]:
    """The columns of a stage's input. `classes` holds the values of the categories that stages before it predict."""
    columns: list[ConditionColumn] = []
    for text in stage.given:
        if text in card.categories:
            columns += [ConditionColumn(text, value) for value in card.categories[text].values]
        elif text in classes:
            columns += [ConditionColumn(text, value) for value in classes[text]]
        else:
            columns.append(ConditionColumn(text))
    return tuple(columns)


def conditions(
    namespace: Namespace, columns: Sequence[ConditionColumn], rows: Bool[np.ndarray, " objects"]
) -> Float[np.ndarray, "selected conditions"]:
    """A stage's input in physical units (float32), for the selected rows."""
    chosen = ChosenRows(namespace, np.flatnonzero(rows))
    matrix = np.empty((len(chosen), len(columns)), dtype=np.float32)
    for index, column in enumerate(columns):
        with np.errstate(over="ignore"):  # infinite then, and refused by `require_finite`
            matrix[:, index] = column.of(chosen.evaluate(column.text))
    return matrix


def outputs(
    namespace: Namespace, stage: Stage, rows: Bool[np.ndarray, " objects"]
) -> dict[str, Float[np.ndarray, "selected width"]]:
    """What a response stage learns (float64), by the name of the prediction, for the selected rows."""
    if isinstance(stage.predict, str):
        raise TypeError(f"stage {stage.name!r} predicts a category, not a response")
    found, chosen = {}, ChosenRows(namespace, np.flatnonzero(rows))
    for name, predicted in stage.predict.items():
        texts = predicted.columns or [predicted.expression or name]
        found[name] = chosen.matrix(texts)
    return found


def require_finite(
    stage: Stage,
    values: Shaped[np.ndarray, "selected columns"],
    names: Sequence[str],
    namespace: Namespace,
    rows: Bool[np.ndarray, " objects"],
    origin: str,
) -> None:
    """Raise FlashSimError naming the first column and object that is not a finite number.

    `values` are those of the selected `rows` of a namespace.
    """
    bad = ~np.isfinite(values)
    if bad.any():
        row, column = np.argwhere(bad)[0]
        number = int(bad[:, column].sum())
        raise FlashSimError(
            f"{origin}: stage {stage.name!r}: {names[column]!r} is {values[row, column]} for "
            f"{namespace.place(int(np.flatnonzero(rows)[row]))} ({number} such object{'s' if number > 1 else ''}); "
            "restrict the stage's `where`, correct the expression, or leave these objects out"
        )
