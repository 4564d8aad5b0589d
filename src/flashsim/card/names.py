"""What every name of a card means, in the reference sample and in simulation, and what it hangs on.

The two worlds differ. In the reference sample a reconstructed column is read from the file and a
predicted variable is computed from it; in simulation the variable is drawn by the model and the column
is computed from the variable. Everything else means the same in both.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from flashsim.card.expressions import Expression
from flashsim.card.propagate import PARTS, part_name
from flashsim.card.propagated import propagated
from flashsim.card.schema import Card
from flashsim.card.units import internal_unit
from flashsim.card.unmatched import SLOT, UNMATCHED, Of
from flashsim.errors import FlashSimError, nearest

EVENT_NAMES = ("run", "event")  # every EventBatch has them


@dataclass(frozen=True)
class Definition:
    """A named formula and the key of the card where it stands."""

    key: str
    expression: Expression


@dataclass(frozen=True)
class Names:
    """The names of a card and the formulas behind them."""

    card: Card

    @cached_property
    def shared(self) -> dict[str, Definition]:
        """Derived columns, categories and what is propagated: the same in both worlds."""
        texts = {f"derive.{name}": (name, text) for name, text in self.card.derive.items()}
        texts |= {
            f"categories.{name}.expression": (name, category.expression)
            for name, category in self.card.categories.items()
        }
        if self.card.unmatched is not None:
            texts[UNMATCHED] = UNMATCHED, self.card.unmatched.condition
        parsed = {name: Definition(key, Expression.parse(text, key)) for key, (name, text) in texts.items()}
        return parsed | {name: Definition(key, made_of) for name, (key, made_of) in propagated(self.card).items()}

    @cached_property
    def reference(self) -> dict[str, Definition]:
        """All formulas evaluated on the reference sample: shared ones and variables to be learnt."""
        variables: dict[str, Definition] = {}
        for key, name, text in self._variables():
            variables[name] = Definition(key, Expression.parse(text, key))
        return self.shared | variables

    @cached_property
    def simulation(self) -> dict[str, Definition]:
        """All formulas evaluated in simulation: shared ones and those of reconstructed columns."""
        formulas: dict[str, Definition] = {}
        for name, column in self.card.reconstructed.items():
            if column.formula is not None:
                key = f"reconstructed.{name}.from"
                formulas[name] = Definition(key, Expression.parse(column.formula, key))
        drawn = self.predicted_of("generated")  # a category that a stage draws
        return {name: one for name, one in self.shared.items() if name not in drawn} | formulas

    @cached_property
    def unmatched(self) -> dict[str, Definition]:
        """All formulas of unmatched objects in simulation: their own in the place of `from`."""
        if self.card.unmatched is None:
            return self.shared
        own = {
            name: Definition(key := f"unmatched.from.{name}", Expression.parse(text, key))
            for name, text in self.card.unmatched.formulas.items()
        }
        formulas = self.shared | self.simulation | own
        return {name: formulas[name] for name in formulas if name not in self.predicted_of("unmatched")}

    @cached_property
    def built_in(self) -> tuple[str, ...]:
        """Names that no table declares."""
        table = self.card.unmatched
        return EVENT_NAMES if table is None else (*EVENT_NAMES, SLOT, UNMATCHED, table.number)

    @cached_property
    def truth(self) -> frozenset[str]:
        """What is known before any stage."""
        return frozenset(self.card.columns) | frozenset(self.built_in[:3])  # run, event, slot

    @cached_property
    def predicted(self) -> dict[str, str]:
        """Every name that a stage gives a value, and the name of that stage."""
        return self.predicted_of("unmatched") | self.predicted_of("events") | self.predicted_of("generated")

    def predicted_of(self, of: Of) -> dict[str, str]:
        """The same of the stages of generated objects, of unmatched ones, or of events."""
        stages = [stage for stage in self.card.stages if stage.of == of]
        return {name: stage.name for stage in stages for name in stage.predicted_names}

    @cached_property
    def of_generated(self) -> frozenset[str]:
        """What a generated object has, besides formulas: truth, what is drawn of it, and of its event."""
        return self.truth.union(self.predicted_of("generated"), self.predicted_of("events"))

    @cached_property
    def integers(self) -> frozenset[str]:
        """What simulation draws as whole numbers: classes, integers and flags."""
        stages = self.card.stages
        return frozenset(name for stage in stages for name in stage.predicted_names if stage.draws_whole(name))

    @cached_property
    def units(self) -> dict[str, str]:
        """The unit of every column with one as FlashSim computes it, whatever the sample's is."""
        declared = {part_name(name, part): unit for name in self.card.propagate for part, unit in PARTS.items()}
        declared |= {name: column.unit for name, column in (self.card.columns | self.card.reconstructed).items()}
        for stage in self.card.stages:
            drawn = {} if isinstance(stage.predict, str) else stage.predict
            # What has neither is a class, or a column of a covariance that is declared.
            own = {name: drawn[name].unit if name in drawn else "" for name in stage.predicted_names}
            declared = own | {name: variable.unit for name, variable in drawn.items()} | declared
        return {name: internal_unit(unit) for name, unit in declared.items()}

    @cached_property
    def everything(self) -> tuple[str, ...]:
        """All names, for the check that a name is known and for hints."""
        return (
            *sorted(self.truth | set(self.built_in)),
            *self.shared,
            *self.card.reconstructed,
            *(name for name in self.predicted if name not in self.card.reconstructed),
        )

    def check_known(self, expression: Expression, key: str) -> None:
        """Refuse an expression with a name that the card does not declare."""
        for name in sorted(expression.names):
            if name not in self.everything:
                raise FlashSimError(
                    f"{key} = {expression.text!r}: unknown name {name!r}{nearest(name, self.everything)}; "
                    "declare it in [columns], [derive], [categories] or [reconstructed]"
                )

    def _variables(self) -> Iterator[tuple[str, str, str]]:
        for stage in self.card.stages:
            if isinstance(stage.predict, str):
                continue
            for name, variable in stage.predict.items():
                if variable.expression is not None:
                    yield f"stage.{stage.name}.predict.{name}", name, variable.expression


def check_cycles(definitions: dict[str, Definition]) -> None:
    """Refuse formulas that need themselves, and show the way round."""
    done: set[str] = set()
    for start in definitions:
        trail: list[str] = []
        pending: list[tuple[str, Iterator[str]]] = [(start, iter((start,)))]
        while pending:
            for name in pending[-1][1]:
                if name in trail:
                    cycle = " → ".join([*trail[trail.index(name) :], name])
                    definition = definitions[name]
                    raise FlashSimError(f"{definition.key} = {definition.expression.text!r}: it needs itself: {cycle}")
                if name in definitions and name not in done:
                    trail.append(name)
                    pending.append((name, iter(sorted(definitions[name].expression.names))))
                    break
            else:
                pending.pop()
                if trail:
                    done.add(trail.pop())


def leaves(expression: Expression, definitions: dict[str, Definition]) -> frozenset[str]:
    """The names that an expression comes down to when every formula is written out."""
    found: set[str] = set()
    seen: set[str] = set()
    pending = list(expression.names)
    while pending:
        name = pending.pop()
        if name in seen:
            continue
        seen.add(name)
        if name in definitions:
            pending.extend(definitions[name].expression.names)
        else:
            found.add(name)
    return frozenset(found)
