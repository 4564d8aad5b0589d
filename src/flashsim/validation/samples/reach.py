"""Which columns a formula comes down to in a sample, and which of them the sample lacks."""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field

from flashsim.card import UNMATCHED, Card, Comparison, Expression, Stage
from flashsim.card.combination_names import column_of_daughter
from flashsim.card.names import EVENT_NAMES
from flashsim.stages import parsed


@dataclass
class Reach:
    """What a sample that has the columns `present` can compute by the formulas of its card."""

    formulas: Mapping[str, Expression]
    present: Set[str]
    needed: set[str] = field(default_factory=set)

    def missing(self, names: Iterable[str]) -> list[str]:
        """The names that cannot be computed; the columns of those that can are noted in `needed`."""
        lacking = []
        for name in sorted(set(names)):
            columns = self._columns(name, frozenset())
            if columns is None:
                lacking.append(name)
            else:
                self.needed |= columns
        return lacking

    def _columns(self, name: str, trail: frozenset[str]) -> frozenset[str] | None:
        """The columns behind a name, or None: predicted variables and reconstructed columns need each other."""
        if name in EVENT_NAMES:
            return frozenset()
        if name in self.present:
            return frozenset({name})
        if name in trail or name not in self.formulas:
            return None
        found: frozenset[str] = frozenset()
        for inner in self.formulas[name].names:
            columns = self._columns(inner, trail | {name})
            if columns is None:
                return None
            found |= columns
        return found


def names_of_stage(stage: Stage) -> set[str]:
    """The names in everything that comparing a stage computes."""
    texts = [*stage.given, *([] if stage.where is None else [stage.where])]
    texts += [] if stage.of == "generated" else [UNMATCHED]
    names = {name for text in texts for name in parsed(text).names}
    return names | set(stage.predicted_names)


def names_of_comparison(card: Card, comparison: Comparison) -> set[str]:
    """The names in everything that a table of `[compare]` computes, those of daughters without their prefix."""
    texts = {*comparison.formulas().values(), *comparison.outputs().values()}
    names = {name for text in texts for name in parsed(text).names}
    names |= {UNMATCHED} if comparison.of == "unmatched" else set()
    if comparison.daughters is not None:
        found = [column_of_daughter(name, comparison) for name in names]
        names = {one[1] for one in found if one is not None}
    return names | {name for text in comparison.formulas_of_daughters().values() for name in parsed(text).names}
