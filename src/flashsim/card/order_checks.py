"""Whether everything in a card is known where it is used: truth, what stages have drawn, and what follows from it."""

from collections.abc import Iterable

from flashsim.card.edm4hep import edm4hep_formulas
from flashsim.card.expressions import Expression
from flashsim.card.names import Names, leaves
from flashsim.card.unmatched_order import UnmatchedOrder
from flashsim.errors import FlashSimError, nearest


def check_order(names: Names) -> None:
    """A stage may use what is known before it: truth, and what earlier stages predict."""
    available = set(names.truth)
    unmatched = UnmatchedOrder(names)
    for stage in names.card.stages:
        prefix = f"stage.{stage.name}"
        texts = {f"{prefix}.given[{index}]": text for index, text in enumerate(stage.given)}
        if stage.where is not None:
            texts = {f"{prefix}.where": stage.where} | texts
        for key, text in texts.items():
            if stage.of == "generated":
                _check_available(names, text, key, available)
            else:
                unmatched.check(text, key)
        unmatched.add(stage)
        if stage.of != "unmatched":
            available.update(stage.predicted_names)
    for name, definition in names.simulation.items():
        if name in names.card.reconstructed:
            _check_available(names, definition.expression.text, definition.key, available)
    unmatched.check_written()


def check_output(names: Names) -> None:
    """What is written is known in the end."""
    output = names.card.output
    available = names.of_generated
    if output.where is not None:
        _check_available(names, output.where, "output.where", available)
    if output.edm4hep is not None:
        for key, text in edm4hep_formulas(output.edm4hep, "output.edm4hep"):
            truth_only = key.startswith("output.edm4hep.MCParticle.")
            _check_available(names, text, key, names.truth if truth_only else available)
    if output.edm4hep is not None and output.particles:
        raise FlashSimError("output.particles: EDM4hep's MCParticle has no place for them; leave them out")
    known = {*names.card.reconstructed, *names.card.derive, *names.predicted}
    for listed, columns in (("columns", output.columns), ("particles", output.particles)):
        for index, name in enumerate(columns):
            key = f"output.{listed}[{index}]"
            if name not in known:
                raise FlashSimError(
                    f"{key} = {name!r}: no column of [reconstructed] or [derive], nor predicted{nearest(name, known)}"
                )
            _check_available(names, name, key, available)
            if name in columns[:index]:
                raise FlashSimError(f"{key} = {name!r} stands twice")


def _check_available(names: Names, text: str, key: str, available: Iterable[str]) -> None:
    expression = Expression.parse(text, key)
    names.check_known(expression, key)
    for name in sorted(leaves(expression, names.simulation) - set(available)):
        through = "" if name in expression.names else f" (through {', '.join(sorted(expression.names))})"
        stage = names.predicted.get(name)
        if stage is not None and name in names.predicted_of("unmatched").keys() - names.predicted_of("generated"):
            raise FlashSimError(
                f"{key} = {text!r}: {name!r}{through} is predicted of unmatched objects alone, by stage {stage!r}; a "
                "generated object needs a stage or a formula of its own"
            )
        if stage is not None:
            raise FlashSimError(
                f"{key} = {text!r}: {name!r}{through} is predicted only by stage {stage!r}, which is not "
                "earlier; move that stage up or leave the name out"
            )
        raise FlashSimError(
            f"{key} = {text!r}: {name!r}{through} is not known in simulation: no stage predicts it and "
            f"reconstructed.{name} has no formula in `from`"
        )
