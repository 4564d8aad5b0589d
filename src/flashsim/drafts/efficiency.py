"""Whether objects were reconstructed: a column of classes, one of which leaves nothing measured."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Shaped

from flashsim.drafts.kinds import is_constant

MOST_CLASSES = 8
FEWEST = 10
"""Fewer lost objects than this may agree by chance."""


@dataclass(frozen=True)
class Found:
    """The column that tells, its value for objects that were lost, and those that were not."""

    column: str
    lost: int
    rows: Bool[np.ndarray, " objects"]

    def where(self, key: str) -> str:
        """The condition for what was reconstructed, `key` being the name of the column in the card."""
        return f"{key} > 0" if self.lost == 0 else f"{key} != {self.lost}"


def found_flag(columns: Mapping[str, Shaped[np.ndarray, " objects"]], measured: list[str]) -> Found | None:
    """The first column of few whole numbers whose lowest class has the same number in every measured column."""
    if not measured:
        return None
    for name, values in columns.items():
        if name in measured or (values.dtype.kind == "f" and (values != np.round(values)).any()):
            continue
        classes = np.unique(values)
        if not 2 <= len(classes) <= MOST_CLASSES:
            continue
        lost = values == classes[0]
        if lost.sum() < FEWEST:
            continue
        if all(is_constant(columns[one][lost]) and not is_constant(columns[one][~lost]) for one in measured):
            return Found(name, int(classes[0]), ~lost)
    return None
