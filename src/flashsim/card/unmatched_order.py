"""What unmatched objects know, and whether formulas of theirs ask for more."""

from collections.abc import Mapping

from flashsim.card.edm4hep import Edm4hep, edm4hep_formulas
from flashsim.card.expressions import Expression
from flashsim.card.functions import FUNCTIONS
from flashsim.card.names import EVENT_NAMES, Definition, Names, leaves
from flashsim.card.nodes import Call, Name, Node
from flashsim.card.stage import Stage
from flashsim.card.unmatched import SLOT, UNMATCHED
from flashsim.errors import FlashSimError, nearest

_EVENT_SUM = FUNCTIONS["event_sum"].apply


class UnmatchedOrder:
    """What unmatched objects know, stage after stage: they have no truth, and sums over generated objects."""

    def __init__(self, names: Names) -> None:
        table = names.card.unmatched
        self.names = names
        self.own = {*EVENT_NAMES, SLOT, *(table.columns if table is not None else ())}
        self.summed = set(names.truth)

    def add(self, stage: Stage) -> None:
        """What a stage predicts is known after it: the number of unmatched objects to all."""
        if stage.of != "generated":
            self.own.update(stage.predicted_names)
        if stage.of != "unmatched":
            self.summed.update(stage.predicted_names)

    def check(self, text: str, key: str) -> None:
        """Refuse a formula of unmatched objects, or of events, that needs what they do not have."""
        expression = Expression.parse(text, key)
        self.names.check_known(expression, key)
        own, summed = _needs(expression.tree, self.names.unmatched, self.names.simulation)
        for missing, known, whose in (
            (own - self.own, self.own, "unmatched"),
            (summed - self.summed, self.summed, "generated"),
        ):
            for name in sorted(missing):
                self._refuse(name, f"{key} = {text!r}", known, whose)

    def _refuse(self, name: str, formula: str, known: set[str], whose: str) -> None:
        stage = self.names.predicted_of("unmatched" if whose == "unmatched" else "generated").get(name)
        stage = self.names.predicted_of("events").get(name) or stage
        if stage is not None:
            raise FlashSimError(
                f"{formula}: {name!r} of {whose} objects is predicted only by stage {stage!r}, which is not earlier; "
                "move that stage up or leave the name out"
            )
        if name in self.names.card.columns:
            raise FlashSimError(
                f"{formula}: an unmatched object has no {name!r}; use event_sum(…) of it, or name it in "
                "unmatched.columns if it is equal for all objects of an event"
            )
        raise FlashSimError(
            f"{formula}: {name!r} is not known of {whose} objects{nearest(name, known)}: let a stage of = "
            f"'{whose}' predict it, or say how it is made in unmatched.from.{name}"
        )

    def check_written(self) -> None:
        """Everything that is written or compared of unmatched objects is known in the end."""
        card = self.names.card
        if card.unmatched is None or not card.stages:
            return
        for name, text in card.unmatched.formulas.items():
            self.check(text, f"unmatched.from.{name}")
        for index, name in enumerate(card.output.columns):
            self.check(name, f"output.columns[{index}]")
        if card.output.edm4hep is not None:
            for key, text in self._edm4hep(card.output.edm4hep):
                self.check(text, key)
        for name, comparison in card.compare.items():
            if comparison.of == "unmatched":
                for part, text in comparison.formulas().items():
                    self.check(text, f"compare.{name}.{part}")

    def _edm4hep(self, table: Edm4hep) -> list[tuple[str, str]]:
        """The formulas of the tables that hold unmatched objects: a `where` that names `unmatched` has decided."""
        found = []
        for datatype in type(table).model_fields:
            rows = getattr(table, datatype)
            if rows is None or datatype == "MCParticle":
                continue
            if rows.where is None or UNMATCHED not in Expression.parse(rows.where).names:
                found += list(edm4hep_formulas(rows, f"output.edm4hep.{datatype}"))
        return found


def _needs(
    tree: Node, own: Mapping[str, Definition], generated: Mapping[str, Definition]
) -> tuple[frozenset[str], frozenset[str]]:
    """What a formula comes down to of the object itself, and within `event_sum` of generated objects."""
    of_itself: set[str] = set()
    summed: set[str] = set()
    seen: set[str] = set()
    pending: list[Node] = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, Call) and node.function is _EVENT_SUM:
            summed |= leaves(Expression.of("", node.arguments[0]), dict(generated))
        elif isinstance(node, Name) and node.name in own:
            pending += [own[node.name].expression.tree] if node.name not in seen else []
            seen.add(node.name)
        elif isinstance(node, Name):
            of_itself.add(node.name)
        else:
            pending += node.arguments
    return frozenset(of_itself), frozenset(summed)
