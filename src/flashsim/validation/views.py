"""What validation compares: for each stage one table of the reference and one of the candidate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from jaxtyping import Float, Int64, Shaped

from flashsim.errors import FlashSimError, nearest


@dataclass(frozen=True)
class Table:
    """Objects of one sample: one row an object, every array of the same length.

    `columns` holds the evaluated conditions (by their text in the card) and the outputs (by name).
    `event` says which event a row belongs to. Where reference and candidate come from the same events they
    share these numbers: halves and folds are cut by event through both tables at once.
    `binning` holds the variables in whose bins efficiencies and profiles are shown ("p", "eta"; the first two
    span the maps) and, where there is one, "species" (integers).
    """

    columns: Mapping[str, Shaped[np.ndarray, " objects"]]
    event: Int64[np.ndarray, " objects"]
    weight: Float[np.ndarray, " objects"] | None = None
    binning: Mapping[str, Shaped[np.ndarray, " objects"]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.event)

    @property
    def weights(self) -> Float[np.ndarray, " objects"]:
        """The weights, or ones."""
        return np.ones(len(self)) if self.weight is None else np.asarray(self.weight, dtype=np.float64)

    def keep(self, rows: Shaped[np.ndarray, " selected"]) -> "Table":
        """The rows of a mask or of an index."""
        return Table(
            columns={name: values[rows] for name, values in self.columns.items()},
            event=self.event[rows],
            weight=None if self.weight is None else self.weight[rows],
            binning={name: values[rows] for name, values in self.binning.items()},
        )


@dataclass(frozen=True)
class StageView:
    """One stage of a detector as validation sees it.

    `outputs` of a response stage are scalar columns (a covariance appears as its packed elements, and in
    `covariances` under its own name, lower triangle row by row); of a category stage the one column of the
    class. `types` are the card's (continuous, positive, bounded, integer, flag, …) by output; `bounds` those
    of bounded outputs. `probability` are the candidate's class probabilities for the rows of the reference
    table, in the order of `classes`. `variances` names, by a column of residuals, the column of their variances
    (for pulls).
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
    variances: Mapping[str, str] = field(default_factory=dict)
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


def concatenated(tables: Sequence[Table]) -> Table:
    """The rows of several tables (at least one, all of the same columns), one after the other."""
    first = tables[0]
    return Table(
        columns={name: np.concatenate([t.columns[name] for t in tables]) for name in first.columns},
        event=np.concatenate([t.event for t in tables]),
        weight=None if first.weight is None else np.concatenate([t.weights for t in tables]),
        binning={name: np.concatenate([t.binning[name] for t in tables]) for name in first.binning},
    )


def checked(view: StageView) -> StageView:
    """The view, once its tables are seen to be whole; a FlashSimError says what is missing or not finite."""
    for title, table in (("reference", view.reference), ("candidate", view.candidate)):
        where = f"stage {view.stage!r}, {title} table"
        for name in [*view.conditions, *view.outputs, *view.variances, *view.variances.values()]:
            if name not in table.columns:
                raise FlashSimError(f"{where}: has no column {name!r}{nearest(name, table.columns)}")
        for name, values in [*table.columns.items(), *table.binning.items()]:
            if len(values) != len(table):
                raise FlashSimError(f"{where}: column {name!r} has {len(values)} rows and 'event' {len(table)}")
        if table.weight is not None and len(table) and not (table.weight.sum() > 0):
            raise FlashSimError(f"{where}: the weights sum to {table.weight.sum():g}; the sum must be positive")
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
