"""The reconstructed columns of a collection, one by one: copied, made of one another, or learnt."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float

from flashsim.card import internal_unit
from flashsim.drafts.collections.blurred import width_of_spike
from flashsim.drafts.collections.nested import Chain, chains_of, implied_by
from flashsim.drafts.collections.steps import steps_of
from flashsim.drafts.draft import Draft, Guess, Learnt, Line
from flashsim.drafts.kinds import Kind, is_constant, kind_of_values, number_text
from flashsim.drafts.names import words_of
from flashsim.drafts.responses import Side, angle, paired, ratio

EQUAL = 0.995
"""Share of the objects for which a label must be that of the generator to be copied: formulas close for 99 %."""
WHOLE = ("flag", "integer", "category")
MASKS = {"bitmap", "bits", "flags", "oq", "value", "bit"}
FEW_DISTINCT = 3


@dataclass
class Targets:
    """The columns of found objects and of those that follow nothing (in our units), by key; and what becomes of them.

    What columns are like, and which follow from others, is told from `every` object of the list: collections that write
    into the same one agree on it.
    `truth` are the generator's columns of the found ones, `partners` their keys by the suffix of what they are the
    truth of. `formulas` are those that objects without truth can use too.
    """

    draft: Draft
    names: Mapping[str, str]  # in the file, by key
    suffixes: Mapping[str, str]
    found: Mapping[str, Float[np.ndarray, " found"]]
    left: Mapping[str, Float[np.ndarray, " left"]]
    every: Mapping[str, Float[np.ndarray, " objects"]]  # of the list, those of other collections too
    truth: Mapping[str, Float[np.ndarray, " found"]]
    partners: Mapping[str, str]
    units: Mapping[str, str]
    taken: set[str]
    of: str | None
    learnt: dict[str, Learnt] = field(default_factory=dict)
    kinds: dict[str, Kind] = field(default_factory=dict)
    open: list[str] = field(default_factory=list)
    shared: set[str] = field(default_factory=set)
    skipped: set[str] = field(default_factory=set)
    of_left: dict[str, str] = field(default_factory=dict)  # formulas of objects that follow nothing

    def add_all(self) -> None:
        """Settle every column, those first that follow from others."""
        settled = self.draft.reconstructed.keys() | self.skipped
        self.open = [key for key in self.names if key not in settled and not self._leave_out(key)]
        every = (self._constants, self._multiples, self._of_truth, self._steps, self._nested, self._blurred)
        for settle in (*every, self._themselves):
            settle()

    def make(
        self,
        key: str,
        formula: str | None,
        taken_for: str,
        why: str,
        *,
        shared: bool = False,
        agrees: float | None = None,
    ) -> None:
        """Declare a column, with the way back from what is drawn; `shared`: it needs no truth."""
        line = Line(self.names[key], self.units[key], formula, why, self.of, agrees=agrees)
        self.draft.reconstructed[key] = line
        self.draft.guesses.append(Guess(self.names[key], taken_for, why))
        if shared:
            self.shared.add(key)
        if key in self.open:
            self.open.remove(key)

    def skip(self, key: str) -> None:
        """Leave a column out."""
        self.skipped.add(key)

    def learn(self, variable: str, learnt: Learnt) -> None:
        """Declare what the response stage draws."""
        self.taken.add(variable)
        self.learnt[variable] = learnt

    def _leave_out(self, key: str) -> bool:
        """Words of bits that are too many to be classes."""
        words = set(words_of(self.suffixes[key]))
        values = self.every[key]
        whole = bool((values == np.round(values)).all())
        if whole and words & MASKS and len(np.unique(values)) > 32:
            self.draft.left_out[self.names[key]] = "a word of many bits: name those that matter in [derive]"
            return True
        return False

    def _constants(self) -> None:
        for key in list(self.open):
            if is_constant(self.every[key]):
                self.make(
                    key, number_text(self.every[key][0]), "constant", "the same for all objects: written as it is"
                )

    def _of_truth(self) -> None:
        """Kinematics by their response, labels that are the generator's by a copy."""
        for key in list(self.open):
            suffix = self.suffixes[key]
            gen = self.partners.get(suffix)
            if suffix == "charge" and "pdgId" in self.partners:
                self._charge(key, self.partners["pdgId"], -1)
            elif gen is None:
                continue
            elif suffix == "charge":
                self._charge(key, gen, 1)
            elif suffix in ("pt", "eta", "phi", "mass", "m"):
                self._kinematics(key, gen)
            elif np.mean(self.found[key] == self.truth[gen]) >= EQUAL:
                self.make(key, gen, "copy of truth", f"a label of the generator, equal to {gen}: copied, not drawn")

    def _charge(self, key: str, gen: str, sign: int) -> None:
        right = self.found[key] * np.sign(self.truth[gen])
        if is_constant(right) and right[0]:
            self.make(key, f"{right[0]:g} * sign({gen})", "copy of truth", "the charge is always right")
        elif set(np.unique(right)) == {-1.0, 1.0}:
            variable = f"{key}_sign"
            kind = Kind("integer", "whether the charge is right")
            self.learn(variable, Learnt(kind, f"{key} * sign({gen})"))
            self.make(key, f"{variable} * sign({gen})", "integer", f"{np.mean(right == sign):.1%} are right")

    def _kinematics(self, key: str, gen: str) -> None:
        unit = internal_unit(self.units[key])
        rec = Side(key, self.found[key], kind_of_values(self.found[key]))
        truth = Side(gen, self.truth[gen], kind_of_values(self.truth[gen]))
        if self.suffixes[key] == "phi":
            response = angle(rec, truth)
        elif self.suffixes[key] == "pt":
            response = ratio(rec, truth)
        else:
            response = paired(rec, truth, unit)
        if response is None or response.learnt is None:
            return
        self.learn(response.name, response.learnt)
        self.make(key, response.formula, response.learnt.kind.type, response.why)

    def _multiples(self) -> None:
        """Columns that are another one times a number: the particle's number of its charge, the same thing twice."""
        ordered = sorted(self.open, key=lambda key: self.suffixes[key] != "charge")
        for place, key in enumerate(ordered):
            for other in ordered[:place]:
                if other not in self.open:
                    continue  # it is one of another itself
                suffixes = {self.suffixes[key], self.suffixes[other]}
                factor = _factor(self.every[key], self.every[other], suffixes)
                if factor is not None:
                    text = other if factor == 1 else f"{factor:g} * {other}"
                    self.make(key, text, "copy", f"always {text}", shared=True)
                    break

    def _steps(self) -> None:
        """Working points."""
        floats = {key: self.every[key] for key in self.open if not _is_whole(self.every[key])}
        for key in list(self.open):
            if _is_whole(self.every[key]):
                found = steps_of(self.every[key], floats, key)
                if found is not None:
                    self.make(key, found.formula, "thresholds", f"follows from {found.score}", shared=True)

    def _nested(self) -> None:
        """Flags that lie in one another: a level is drawn of those that do not follow from something else."""
        flags = {key: self.every[key] for key in self.names if set(np.unique(self.every[key])) == {0.0, 1.0}}
        for chain in chains_of(flags):
            drawn = Chain(tuple(flag for flag in chain.flags if flag in self.open))
            if len(chain.flags) == 1 or not drawn.flags:
                continue
            level = f"{drawn.flags[0]}_level"
            why = f"{' ⊃ '.join(chain.flags)}: they cannot contradict each other"
            self.learn(
                level, Learnt(Kind("integer", f"how many of {', '.join(drawn.flags)} are set"), drawn.expression)
            )
            for flag, condition in drawn.conditions(level).items():
                looser = [one for one in chain.flags[: chain.flags.index(flag)] if one not in drawn.flags]
                self.make(flag, _flag_if(condition, *(f"{one} > 0" for one in looser)), "flag", why)
        for flag in [one for one in flags if one in self.open]:
            outer = implied_by(flag, flags)
            if outer is not None:
                variable = f"{flag}_inside"
                self.learn(variable, Learnt(Kind("flag", f"never without {outer}"), flag))
                self.make(flag, _flag_if(f"{variable} > 0", f"{outer} > 0"), "flag", f"never without {outer}")

    def _blurred(self) -> None:
        """Spikes at 0 that are blurred by rounding: learnt as spikes."""
        for key in list(self.open):
            width = width_of_spike(self.every[key])
            if width is None:
                continue
            sharp = np.where(np.abs(self.every[key]) < width, 0, self.every[key])
            kind = kind_of_values(sharp, frozenset(words_of(self.suffixes[key])))
            variable, text = f"{key}_sharp", f"where(abs({key}) < {number_text(width)}, 0, {key})"
            self.learn(variable, Learnt(kind, text, internal_unit(self.units[key])))
            self.make(key, variable, kind.type, f"{kind.why}; below {width:g} it is 0 but for rounding")

    def _themselves(self) -> None:
        """What is left is learnt as it is."""
        for key in list(self.open):
            kind = self.kind(key)
            self.learn(key, Learnt(kind, unit=internal_unit(self.units[key])))
            self.make(key, None, kind.type, kind.why)

    def kind(self, key: str) -> Kind:
        """What the values of all objects are like."""
        if key not in self.kinds:
            words = frozenset(words_of(self.suffixes[key]))
            self.kinds[key] = kind_of_values(self.every[key], words)
        return self.kinds[key]


def _flag_if(*conditions: str) -> str:
    joined = conditions[0] if len(conditions) == 1 else " & ".join(f"({one})" for one in conditions)
    return f"where({joined}, 1, 0)"


def _is_whole(values: Float[np.ndarray, " n"]) -> bool:
    return bool((values == np.round(values)).all())


def _factor(mine: Float[np.ndarray, " n"], other: Float[np.ndarray, " n"], suffixes: set[str]) -> float | None:
    """What the one is of the other; flags that are equal may be so by chance."""
    distinct = len(np.unique(mine))
    if len(np.unique(other)) != distinct or (distinct < FEW_DISTINCT and suffixes != {"pdgId", "charge"}):
        return None
    nonzero = np.flatnonzero(other)
    if len(nonzero) == 0:
        return None
    factor = float(mine[nonzero[0]] / other[nonzero[0]])
    return factor if factor and np.array_equal(mine, factor * other) else None
