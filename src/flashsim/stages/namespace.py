"""What expressions see: the columns of a batch, and everything that follows from them by the card."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Bool, Shaped

from flashsim.card import Card, Expression, propagated
from flashsim.errors import FlashSimError, nearest
from flashsim.events import EventBatch
from flashsim.propagation import propagations


class Namespace:
    """Columns by name, derived ones computed once when first asked for.

    The same object serves training and simulation: a quantity has one definition, in the card.
    In simulation the reconstructed columns come from the formulas of the card (`from`), applied to
    what the stages have drawn; in a reference sample they are read, and what a stage would draw is
    computed from them.
    """

    def __init__(self, card: Card, batch: EventBatch):
        self._formulas = formulas(card)
        self._propagations = {name: one for one in propagations(card) for name in one.names}
        self._batch = batch
        self._offsets = batch.offsets
        self._columns: dict[str, np.ndarray] = dict(batch.columns)
        self._columns.setdefault("run", batch.run[batch.event_index])
        self._columns.setdefault("event", batch.event[batch.event_index])

    def __contains__(self, name: str) -> bool:
        return name in self._columns

    def __getitem__(self, name: str) -> Shaped[np.ndarray, " objects"]:
        if name not in self._columns:
            if name not in self._formulas:
                known = self._columns.keys() | self._formulas.keys()
                raise FlashSimError(f"no column {name!r} at this point{nearest(name, known)}")
            if name in self._propagations:  # all columns of a path at once
                self._columns = self._propagations[name](self._evaluated) | self._columns
            else:
                self._columns[name] = self._evaluated(self._formulas[name])
        return self._columns[name]

    def attach(self, columns: Mapping[str, Shaped[np.ndarray, " objects"]]) -> None:
        """Add what a stage has drawn."""
        self._columns.update(columns)

    def evaluate(self, text: str) -> Shaped[np.ndarray, " objects"]:
        """An expression of the card over all objects of the batch."""
        return self[text] if text in self._columns else self._evaluated(parsed(text))

    def _evaluated(self, formula: Expression) -> Shaped[np.ndarray, " objects"]:
        return formula.evaluate(self.__getitem__, self._offsets)

    def place(self, row: int) -> str:
        """How a user finds an object: its run, its event, and its place in the event."""
        event = int(self._batch.event_index[row])
        return f"run {self._batch.run[event]} event {self._batch.event[event]} object {self._batch.object_index[row]}"

    def selected(self, where: str | None) -> Bool[np.ndarray, " objects"]:
        """The objects for which a `where` holds; all of them for None."""
        if where is None:
            return np.ones(int(self._offsets[-1]), dtype=bool)
        return self.evaluate(where).astype(bool)


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
    for stage in card.stages:
        if not isinstance(stage.predict, str):
            texts |= {name: v.expression for name, v in stage.predict.items() if v.expression is not None}
    texts |= {name: column.formula for name, column in card.reconstructed.items() if column.formula}
    return {name: parsed(text) for name, text in texts.items()} | {
        name: made_of for name, (_, made_of) in propagated(card).items()
    }
