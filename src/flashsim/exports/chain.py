"""The whole detector for one object: the card's formulas and every stage, as one pure function."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import jax.numpy as jnp
from jaxtyping import Array

from flashsim.card import SLOT, Card, Expression, Names, leaves, propagated
from flashsim.errors import FlashSimError
from flashsim.release import Detector
from flashsim.stages import OF_ONE_OBJECT, formulas, parsed
from flashsim.training import TrainedStage


@dataclass(frozen=True)
class Chain:
    """A detector as a function of one object's truth and of the noise of all stages.

    Formulas are the card's own, evaluated in float32 (simulation: float64). What needs a whole event
    (``event_sum``) or a table of particles (``charge``) cannot be computed for one object: such a column is
    an input. Raises FlashSimError where such a formula also uses what a stage draws.
    Unmatched objects are no part of it: they belong to an event.
    """

    detector: Detector

    @property
    def card(self) -> Card:
        """The card of the detector."""
        return self.detector.card

    @cached_property
    def stages(self) -> tuple[TrainedStage, ...]:
        """The stages that a generated object goes through."""
        return tuple(trained for trained in self.detector.stages if trained.stage.of == "generated")

    @cached_property
    def noise(self) -> dict[str, int]:
        """How many random numbers each stage needs, in the order in which it takes them."""
        return {trained.stage.name: trained.learnt[0].model.noise for trained in self.stages}

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """The inputs in order: columns of generator truth, and formulas that one object is not enough for."""
        found = list(dict.fromkeys(self._inputs()))
        columns = [name for name in self.card.columns if name in found]
        return (*columns, *(name for name in found if name not in columns))

    def __call__(self, truth: Array, noise: Array) -> tuple[Array, Array, Array]:
        """The columns of the output, whether the object is reconstructed, and whether any stage was asked beyond
        its training range or for a condition that is not finite.
        """
        names = _Object(formulas(self.card), dict(zip(self.inputs, truth, strict=True)))
        outside, first = jnp.zeros((), bool), 0
        for trained in self.stages:
            size = trained.learnt[0].model.noise
            drawn, beyond = _respond(trained, names, noise[first : first + size])
            names.known.update(drawn)
            outside, first = outside | beyond, first + size
        integers = Names(self.card).integers
        columns = [jnp.asarray(names[name], jnp.float32) for name in self.card.output.columns]
        whole = [
            jnp.where(jnp.isfinite(column), column, -1.0) if name in integers else column
            for name, column in zip(self.card.output.columns, columns, strict=True)
        ]
        return jnp.stack(whole), names.holds(self.card.output.where), outside

    def _inputs(self) -> Iterator[str]:
        """Every input that a formula of the simulation comes down to."""
        names = Names(self.card)
        definitions = names.simulation
        texts = [column.text for trained in self.stages for column in trained.columns]
        texts += [trained.stage.where or "1" for trained in self.stages]
        pending: list[tuple[str, Expression]] = [(text, parsed(text)) for text in texts]
        pending += [(name, parsed(name)) for name in (*self.card.output.columns, self.card.output.where or "1")]
        seen: set[str] = set()
        while pending:
            name, expression = pending.pop(0)
            if not expression.of_one_object:
                self._require_truth(name, leaves(expression, definitions))
                yield name
                continue
            for used in sorted(expression.names - seen):
                seen.add(used)
                if used in self.card.columns:
                    yield used
                elif used in names.predicted_of("events") or used == SLOT:
                    raise FlashSimError(f"{name!r} needs {used!r}, which belongs to a whole event")
                elif used in definitions and used not in names.predicted_of("generated"):
                    pending.append((used, definitions[used].expression))
                elif used in ("run", "event"):
                    yield used

    def _require_truth(self, name: str, used: frozenset[str]) -> None:
        drawn = sorted(used - Names(self.card).truth)
        if drawn:
            path = name in propagated(self.card)
            needs = "is a path, made of" if path else "needs whole events or a table of particles, and"
            raise FlashSimError(
                f"{name!r} {needs} {drawn[0]!r}, which a stage draws: the whole detector is no function of one object; "
                "put event_sum and charge of truth columns into names of their own, in [derive]"
            )


@dataclass(frozen=True)
class _Object:
    """What formulas see of one object: as `flashsim.stages.Namespace`, without a batch."""

    formulas: dict[str, Expression]
    known: dict[str, Array]

    def __getitem__(self, name: str) -> Array:
        if name not in self.known:
            self.known[name] = self.formulas[name].tree.evaluate(self.__getitem__, OF_ONE_OBJECT)
        return self.known[name]

    def evaluate(self, text: str) -> Array:
        return self[text] if text in self.known else parsed(text).tree.evaluate(self.__getitem__, OF_ONE_OBJECT)

    def holds(self, where: str | None) -> Array:
        return jnp.ones((), bool) if where is None else self.evaluate(where).astype(bool)


def _respond(trained: TrainedStage, names: _Object, noise: Array) -> tuple[dict[str, Array], Array]:
    """What a stage draws for an object, and whether it was asked for what it does not know."""
    applies = names.holds(trained.stage.where)
    asked = jnp.stack([jnp.asarray(column.of(names.evaluate(column.text)), jnp.float32) for column in trained.columns])
    # Where the stage does not apply its conditions may not be numbers.
    usable = jnp.where(applies & jnp.isfinite(asked), asked, 0.0)
    outputs, outside = trained.learnt[0](usable[None], noise[None])
    unknown = outside[0] | ~jnp.isfinite(asked).all()
    absent = 0.0 if trained.classes else jnp.nan
    drawn = {name: jnp.where(applies, outputs[0, index], absent) for index, name in enumerate(trained.outputs)}
    return drawn, applies & unknown
