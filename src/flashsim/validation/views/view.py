"""One stage of a detector as validation sees it: the tables of both samples, and what is known of the columns."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from jaxtyping import Float, Shaped

from flashsim.errors import FlashSimError, nearest
from flashsim.validation.views.table import Table


@dataclass(frozen=True)
class StageView:
    """One stage of a detector as validation sees it.

    `outputs` of a response stage are scalar columns (a covariance appears as its packed elements, and in
    `covariances` under its own name, lower triangle row by row); of a category stage the one column of the
    class. `types` are the card's (continuous, positive, bounded, integer, flag, …) by output; `bounds` those
    of bounded outputs. `probability` are the candidate's class probabilities for the rows of the reference
    table, in the order of `classes`. `pulls` names the outputs that are residuals in units of their own
    error, by what they are pulls of. An `optional` stage is no failure to judge where the reference has none of its
    objects.
    """

    stage: str
    kind: Literal["category", "response"]
    reference: Table
    candidate: Table
    conditions: list[str]
    outputs: list[str]
    classes: list[int] = field(default_factory=list)
    probability: Float[np.ndarray, "objects classes"] | None = None
    units: Mapping[str, str] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)
    bounds: Mapping[str, tuple[float | None, float | None]] = field(default_factory=dict)
    covariances: Mapping[str, list[str]] = field(default_factory=dict)
    pulls: Mapping[str, str] = field(default_factory=dict)
    optional: bool = False
    class_labels: Mapping[int, str] = field(default_factory=dict)
    species_labels: Mapping[int, str] = field(default_factory=dict)

    def unit(self, name: str) -> str:
        """The unit of a column, empty when it has none."""
        return self.units.get(name, "")

    def label_of_class(self, value: int) -> str:
        """How a class is called on the page."""
        return self.class_labels.get(value, str(value))

    def label_of_species(self, value: int) -> str:
        """How a species is called on the page."""
        return self.species_labels.get(value, str(value))


def checked(view: StageView) -> StageView:
    """The view, once its tables are seen to be whole; a FlashSimError says what is missing or not finite."""
    for title, table in (("reference", view.reference), ("candidate", view.candidate)):
        where = f"stage {view.stage!r}, {title} table"
        for name in [*view.conditions, *view.outputs]:
            if name not in table.columns:
                raise FlashSimError(f"{where}: has no column {name!r}{nearest(name, table.columns)}")
        for name, values in [*table.columns.items(), *table.binning.items()]:
            if len(values) != len(table):
                raise FlashSimError(f"{where}: column {name!r} has {len(values)} rows and 'event' {len(table)}")
        finite = [*view.conditions, *(view.outputs if title == "reference" else [])]
        for name in finite:
            _require_finite(where, name, table.columns[name])
        for name, values in table.binning.items():
            _require_finite(where, name, values)
    if view.kind == "category":
        if len(view.outputs) != 1 or len(view.classes) < 2:
            raise FlashSimError(f"stage {view.stage!r}: a category stage has one output and at least two classes")
        expected = (len(view.reference), len(view.classes))
        if view.probability is not None and view.probability.shape != expected:
            raise FlashSimError(
                f"stage {view.stage!r}: probabilities have shape {view.probability.shape}; {expected} is needed:"
                " a row for each row of the reference, a column for each class"
            )
    return view


def _require_finite(where: str, name: str, values: Shaped[np.ndarray, " objects"]) -> None:
    bad = np.flatnonzero(~np.isfinite(np.asarray(values, dtype=np.float64)))
    if bad.size:
        raise FlashSimError(
            f"{where}: column {name!r} has {bad.size} values that are not finite, the first {values[bad[0]]}"
            f" in row {bad[0]}; mend the sample or cut them away with the stage's 'where'"
        )
