"""What expressions see: the columns of a batch, and everything that follows from them by the card."""

from collections.abc import Mapping, Set
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Shaped

from flashsim.card import SLOT, UNMATCHED, Card, Comparison, Expression, Of, Stage, propagated
from flashsim.errors import FlashSimError, nearest
from flashsim.events import EventBatch
from flashsim.propagation import propagations
from flashsim.stages.stored import stored


class Namespace:
    """Columns by name, derived ones computed once when first asked for.

    The same object serves training and simulation: a quantity has one definition, in the card.
    In simulation the reconstructed columns come from the formulas of the card (`from`), applied to
    what the stages have drawn; in a reference sample they are read, and what a stage would draw is
    computed from them.
    Slots of a batch (`flashsim.stages.slots`) are objects that follow no generated one: functions of whole events do
    not see them, and their columns come from stages and formulas of their own.
    """

    def __init__(self, card: Card, batch: EventBatch):
        self._card = card
        self._formulas = formulas(card)
        self._propagations = {name: one for one in propagations(card) for name in one.names}
        self._batch = batch
        self._offsets = batch.offsets
        self._columns: dict[str, np.ndarray] = dict(batch.columns)
        self._columns.setdefault("run", batch.run[batch.event_index])
        self._columns.setdefault("event", batch.event[batch.event_index])
        self._derived: dict[str, np.ndarray] = {}
        self._own: Bool[np.ndarray, " objects"] | None = batch.columns[SLOT] < 0 if SLOT in batch.columns else None
        # What is drawn of one kind of objects, and is made by a formula of the other.
        self._drawn: dict[str, np.ndarray] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._columns or name in self._derived

    def __getitem__(self, name: str) -> Shaped[np.ndarray, " objects"]:
        if name in self._columns:
            return self._columns[name]
        if name not in self._derived:
            if name not in self._formulas and name not in self._drawn:
                known = self._columns.keys() | self._formulas.keys()
                raise FlashSimError(f"no column {name!r} at this point{nearest(name, known)}")
            if name in self._propagations:  # all columns of a path at once
                self._derived = self._propagations[name](self._computed) | self._derived
            else:
                self._derived[name] = self._made(name)
        return self._derived[name]

    @property
    def batch(self) -> EventBatch:
        """The events, with their slots."""
        return self._batch

    def attach(self, columns: Mapping[str, Shaped[np.ndarray, " objects"]], of: Of = "generated") -> None:
        """Add what a stage has drawn: of events it is the same for all objects."""
        if self._own is None:
            self._columns.update(columns)
            return
        for name, values in columns.items():
            if of != "events" and self._by_formula(name, "generated" if of == "unmatched" else "unmatched"):
                self._drawn[name] = values
            elif of != "events" and name in self._columns:
                first, second = (values, self._columns[name])[:: 1 if of == "generated" else -1]
                self._columns[name] = np.where(self._own, first, second)
            else:
                self._columns[name] = values
        # What was computed before these were there knows nothing of them.
        self._derived = {one: self._derived[one] for one in self._derived if not self._rests_on(one, columns.keys())}

    def evaluate(self, text: str) -> Shaped[np.ndarray, " objects"]:
        """An expression of the card over all objects of the batch."""
        return self[text] if text in self._columns else self._computed(parsed(text))

    def formula_of_one_object(self, name: str) -> Expression | None:
        """The formula by which every object has this column, if it needs nothing of other objects."""
        formula = self._formulas.get(name)
        if formula is None or not formula.of_one_object or name in self._columns or name in self._propagations:
            return None
        return None if self._own is not None and (name in self._drawn or name in self._theirs) else formula

    def place(self, row: int) -> str:
        """How a user finds an object: its run, its event, and its place in the event."""
        event = int(self._batch.event_index[row])
        kind, number = "object", self._batch.object_index[row]
        if self._own is not None and not self._own[row]:
            kind, number = "unmatched object", self._batch.columns[SLOT][row]
        return f"run {self._batch.run[event]} event {self._batch.event[event]} {kind} {number}"

    def of(self, what: Of) -> Bool[np.ndarray, " objects"]:
        """The generated objects, the unmatched ones, or one slot of each event."""
        if what == "events":
            return self[SLOT] == 0
        if what == "unmatched":
            return self[UNMATCHED].astype(bool)
        return np.ones(int(self._offsets[-1]), dtype=bool) if self._own is None else self._own

    def rows(self, part: Stage | Comparison) -> Bool[np.ndarray, " objects"]:
        """The objects that a stage applies to."""
        chosen = self.of("generated" if part.of == "objects" else part.of)
        return chosen if part.where is None else chosen & self.selected(part.where)

    def written(self) -> Bool[np.ndarray, " objects"]:
        """The reconstructed objects: generated ones by `output.where`, and all that are unmatched."""
        chosen = self.selected(self._card.output.where)
        return chosen if self._own is None else np.where(self._own, chosen, self.of("unmatched"))

    def selected(self, where: str | None) -> Bool[np.ndarray, " objects"]:
        """The objects for which a `where` holds; all of them for None."""
        if where is None:
            return np.ones(int(self._offsets[-1]), dtype=bool)
        return self.evaluate(where).astype(bool)

    def with_rows(self, batch: EventBatch, rows: Shaped[np.ndarray, " objects"]) -> "Namespace":
        """Other rows of the same events: `batch` with, for each, the row of this namespace that it comes from.

        What stages have drawn is taken along; what follows from it is computed anew.
        """
        found = Namespace(self._card, batch)
        attached = self._columns.keys() - self._batch.columns.keys() - {"run", "event"}
        found._columns |= {name: self._columns[name][rows] for name in attached}
        found._drawn = {name: values[rows] for name, values in self._drawn.items()}
        return found

    def as_stored(self) -> "Namespace":
        """The same as a file keeps it: written columns in their precision, and what follows from them computed anew."""
        written = {name: self._card.reconstructed.get(name) for name in self._card.output.columns}
        short = {
            name: column for name, column in written.items() if column is not None and column.precision is not None
        }
        if not short:
            return self
        found = Namespace(self._card, self._batch)
        found._columns = self._columns | {name: stored(column, self[name]) for name, column in short.items()}
        found._drawn = self._drawn
        found._derived = {one: values for one, values in self._derived.items() if not self._rests_on(one, short.keys())}
        return found

    def _made(self, name: str) -> Shaped[np.ndarray, " objects"]:
        """A column by its formula, and of slots by what is theirs."""
        if self._own is None or not (name in self._drawn or name in self._theirs):
            return self._computed(self._formulas[name])
        kinds: tuple[Of, Of] = "generated", "unmatched"
        found = [self._of_kind(name, kind) for kind in kinds]
        return np.where(self._own, *found)

    def _of_kind(self, name: str, of: Of) -> Shaped[np.ndarray, "..."]:
        """A column that generated and unmatched objects come to in two ways; not a number while one is not known."""
        if not self._by_formula(name, of):
            return self._drawn.get(name, np.array(np.nan))
        formula = parsed(self._theirs[name]) if of == "unmatched" else self._formulas[name]
        return self._computed(formula) if all(self._known(part, of) for part in formula.names) else np.array(np.nan)

    def _by_formula(self, name: str, of: Of) -> bool:
        """Whether a reconstructed column of these objects is made by a formula of their own."""
        column = self._card.reconstructed.get(name)
        return name in self._theirs if of == "unmatched" else column is not None and column.formula is not None

    def _known(self, name: str, of: Of) -> bool:
        """Whether everything is there that a name comes down to for objects of a kind."""
        if name in self._columns or name in self._drawn or name in self._derived:
            return True
        theirs = of == "unmatched" and name in self._theirs
        if name in self._variables or not (theirs or name in self._formulas):
            return False
        formula = parsed(self._theirs[name]) if theirs else self._formulas[name]
        return all(self._known(part, of) for part in formula.names)

    def _computed(self, expression: Expression) -> Shaped[np.ndarray, " objects"]:
        return expression.evaluate(self.__getitem__, self._offsets, self._own)

    @cached_property
    def _variables(self) -> frozenset[str]:
        """What stages draw: the formulas of these say what is learnt, and are none of simulation."""
        return frozenset(name for stage in self._card.stages for name in stage.predicted_names)

    @property
    def _theirs(self) -> Mapping[str, str]:
        """The formulas of unmatched objects alone."""
        return {} if self._card.unmatched is None else self._card.unmatched.formulas

    def _rests_on(self, name: str, drawn: Set[str]) -> bool:
        """Whether a column comes down to one of these."""
        pending, seen = [name], set[str]()
        while pending:
            one = pending.pop()
            if one in drawn:
                return True
            if one in seen or one in self._columns or one not in self._formulas:
                continue
            seen.add(one)
            pending += self._formulas[one].names
            pending += parsed(self._theirs[one]).names if one in self._theirs else ()
        return False


_PARSED: dict[str, Expression] = {}


def parsed(text: str) -> Expression:
    """A formula of a card, which was checked when the card was read; parsed once."""
    if text not in _PARSED:
        _PARSED[text] = Expression.parse(text)
    return _PARSED[text]


def formulas(card: Card) -> dict[str, Expression]:
    """The formula of every name that a card gives one; of a propagated one, what it is made of."""
    texts = {name: category.expression for name, category in card.categories.items()}
    texts |= card.derive
    if card.unmatched is not None:
        texts[UNMATCHED] = card.unmatched.condition
    for stage in card.stages:
        if not isinstance(stage.predict, str):
            texts |= {name: v.expression for name, v in stage.predict.items() if v.expression is not None}
    texts |= {name: column.formula for name, column in card.reconstructed.items() if column.formula}
    return {name: parsed(text) for name, text in texts.items()} | {
        name: made_of for name, (_, made_of) in propagated(card).items()
    }
