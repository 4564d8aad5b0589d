"""The reconstructed side of a card: what is learnt of each column, and in which stages."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float, Shaped

from flashsim.card import factor, internal_unit
from flashsim.drafts.covariances import is_covariance, triangles
from flashsim.drafts.draft import Draft, Guess, Learnt, Line, StageDraft
from flashsim.drafts.efficiency import Found, found_flag
from flashsim.drafts.kinds import Kind, is_constant, kind_of_values
from flashsim.drafts.names import WEIGHTS, Named, key_of, words_of
from flashsim.drafts.responses import Side, copied, is_copy, paired
from flashsim.errors import FlashSimError


@dataclass
class Reconstruction:
    """What becomes of the reconstructed columns: written into the draft one by one.

    `columns` and `units` are by the name in the file, `truth` by stem; `taken` are the names used up in the card.
    """

    draft: Draft
    columns: Mapping[str, Shaped[np.ndarray, " objects"]]
    units: Mapping[str, str]
    truth: Mapping[str, Side]
    taken: set[str]
    found: Found | None = None
    learnt: dict[str, Learnt] = field(default_factory=dict)

    @property
    def rows(self) -> Bool[np.ndarray, " objects"]:
        """The objects in which something was measured."""
        return np.ones(len(next(iter(self.columns.values()))), bool) if self.found is None else self.found.rows

    def values(self, name: str) -> Float[np.ndarray, " found"]:
        """A column where something was measured, in FlashSim's units."""
        return (self.columns[name].astype(np.float64) * factor(self.units[name]))[self.rows]

    def add_all(self, names: list[Named], given: list[str]) -> None:
        """Declare all columns, then the stages."""
        floats = [one for one in names if self.columns[one.name].dtype.kind == "f"]
        measured = [one.name for one in floats if one.stem in self.truth] or [one.name for one in floats]
        self.found = found_flag({one.name: self.columns[one.name] for one in names}, measured)
        if self.found is not None:
            self._add_found(self.found, given)
        names = self._without_matrices([one for one in names if self.found is None or one.name != self.found.column])
        for one in names:
            if self.draft.weight is None and set(words_of(one.name)) & WEIGHTS and self.values(one.name).sum() > 0:
                self._add_weight(one.name)
            elif is_constant(values := self.values(one.name)):
                self.draft.left_out[one.name] = f"always {values[0]:g} where anything is reconstructed"
            else:
                self._add(one, values)
        if self.learnt:
            self.draft.stages.append(StageDraft("response", "what is measured", given, self.learnt, self.draft.where))
        if not self.draft.stages:
            raise FlashSimError(
                f"{self.draft.file}: every reconstructed column repeats the generator: nothing to learn"
            )

    def _add_found(self, found: Found, given: list[str]) -> None:
        key = key_of(found.column, self.taken, "rec")
        why = f"{found.lost} leaves nothing measured: those objects are not reconstructed"
        self.draft.reconstructed[key] = Line(found.column, "", why="what is reconstructed")
        self.draft.guesses.append(Guess(found.column, "efficiency", why))
        self.draft.where = found.where(key)
        self.draft.stages.append(StageDraft("efficiency", "what is reconstructed", given, key))

    def _add_weight(self, name: str) -> None:
        self.draft.weight = key_of(name, self.taken, "rec")
        self.draft.reconstructed[self.draft.weight] = Line(name, "", why="weight of an object, for training")
        self.draft.guesses.append(Guess(name, "weight", "by its name"))

    def _without_matrices(self, names: list[Named]) -> list[Named]:
        """The columns that are no elements of covariance matrices; those that are become variables."""
        elements: set[str] = set()
        for head, columns in triangles(one.name for one in names).items():
            if is_covariance([self.values(name) for name in columns]):
                keys = [key_of(name, self.taken, "rec") for name in columns]
                kind = Kind("covariance", "a triangle of columns, positive definite in every object")
                self.learnt[key_of(head, self.taken, "rec")] = Learnt(kind, columns=keys)
                for key, name in zip(keys, columns, strict=True):
                    self.draft.reconstructed[key] = Line(name, self.units[name])
                    self.draft.guesses.append(Guess(name, "covariance", kind.why))
                elements |= set(columns)
        return [one for one in names if one.name not in elements]

    def _add(self, named: Named, values: Float[np.ndarray, " found"]) -> None:
        """Declare one column, and the variable by which it is learnt, if any."""
        key, unit = key_of(named.name, self.taken, "rec"), self.units[named.name]
        side = Side(key, values, kind_of_values(values, frozenset(words_of(named.name))))
        response = None
        if (truth := self.truth.get(named.stem)) is not None:
            truth = Side(truth.key, truth.values[self.rows], truth.kind)
            response = copied(truth) if is_copy(side, truth) else paired(side, truth, internal_unit(unit))
        if response is None:
            variable, learnt, formula, why = key, Learnt(side.kind, unit=internal_unit(unit)), None, side.kind.why
        else:
            variable, learnt, formula, why = response.name, response.learnt, response.formula, response.why
        self.draft.reconstructed[key] = Line(named.name, unit, formula, why)
        taken_for = "copy of truth" if learnt is None else learnt.kind.type
        self.draft.guesses.append(Guess(named.name, taken_for, f"{named.why}; {why}"))
        if learnt is not None:
            self.taken.add(variable)
            self.learnt[variable] = learnt
