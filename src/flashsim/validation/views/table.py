"""Objects of one sample as a table, and the events that they are of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Bool, Float, Int64, Shaped


@dataclass(frozen=True)
class Occurrences:
    """Every simulated event behind a table, those without a row too.

    `event` is its number, the same for all copies of an event that was simulated several times; `of_row` is the
    place in `event` of the one that a row of the table belongs to.
    """

    event: Int64[np.ndarray, " events"]
    of_row: Int64[np.ndarray, " objects"]

    def keep(self, rows: Shaped[np.ndarray, " selected"]) -> "Occurrences":
        """All events, and the rows of a mask or of an index."""
        return replace(self, of_row=self.of_row[rows])

    def only(self, kept: Bool[np.ndarray, " events"]) -> "Occurrences":
        """Some of the events; no row may be of another."""
        return Occurrences(self.event[kept], (np.cumsum(kept) - 1)[self.of_row])

    @staticmethod
    def concatenate(parts: Sequence["Occurrences"]) -> "Occurrences":
        """Those of several tables, one after the other."""
        first = np.cumsum([0, *(len(part.event) for part in parts)])
        rows = [part.of_row + start for part, start in zip(parts, first, strict=False)]
        return Occurrences(np.concatenate([part.event for part in parts]), np.concatenate(rows))


@dataclass(frozen=True)
class Table:
    """Objects of one sample: one row an object, every array of the same length.

    `columns` holds the evaluated conditions (by their text in the card) and the outputs (by name).
    `event` says which event a row belongs to. Where reference and candidate come from the same events they
    share these numbers: halves and folds are cut by event through both tables at once.
    `binning` holds the variables in whose bins efficiencies and profiles are shown ("p", "eta"; the first two
    span the maps) and, where there is one, "species" (integers). Without `occurrences` every event is simulated once,
    and those without a row are not known.
    """

    columns: Mapping[str, Shaped[np.ndarray, " objects"]]
    event: Int64[np.ndarray, " objects"]
    weight: Float[np.ndarray, " objects"] | None = None
    binning: Mapping[str, Shaped[np.ndarray, " objects"]] = field(default_factory=dict)
    occurrences: Occurrences | None = None

    def __len__(self) -> int:
        return len(self.event)

    @property
    def weights(self) -> Float[np.ndarray, " objects"]:
        """The weights, or ones."""
        return np.ones(len(self)) if self.weight is None else np.asarray(self.weight, dtype=np.float64)

    @property
    def has_copies(self) -> bool:
        """Whether an event was simulated several times: its copies say more of the detector, not of the generator."""
        found = self.occurrences
        return found is not None and len(np.unique(found.event)) < len(found.event)

    def keep(self, rows: Shaped[np.ndarray, " selected"]) -> "Table":
        """The rows of a mask or of an index."""
        return Table(
            columns={name: values[rows] for name, values in self.columns.items()},
            event=self.event[rows],
            weight=None if self.weight is None else self.weight[rows],
            binning={name: values[rows] for name, values in self.binning.items()},
            occurrences=None if self.occurrences is None else self.occurrences.keep(rows),
        )


def concatenated(tables: Sequence[Table]) -> Table:
    """The rows of several tables (at least one, all of the same columns), one after the other."""
    known = [table.occurrences for table in tables if table.occurrences is not None]
    return Table(
        columns={name: np.concatenate([t.columns[name] for t in tables]) for name in tables[0].columns},
        event=np.concatenate([t.event for t in tables]),
        weight=None if all(t.weight is None for t in tables) else np.concatenate([t.weights for t in tables]),
        binning={name: np.concatenate([t.binning[name] for t in tables]) for name in tables[0].binning},
        occurrences=Occurrences.concatenate(known) if len(known) == len(tables) else None,
    )
