"""The tree of a parsed formula: numbers, names, and functions of them, evaluated on whole columns."""

import ast
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from flashsim.card.arithmetic import Arithmetic, Values
from flashsim.card.functions import Apply, named

Lookup = Callable[[str], Values]


class Node(ABC):
    """A part of a formula."""

    arguments: tuple["Node", ...] = ()

    @abstractmethod
    def evaluate(self, lookup: Lookup, arithmetic: Arithmetic) -> Values:
        """The values, one an object, or a single one for a constant."""

    def parts(self) -> Iterator["Node"]:
        """Itself, and everything that it is made of."""
        yield self
        for argument in self.arguments:
            yield from argument.parts()


@dataclass(frozen=True)
class Number(Node):
    """A literal number."""

    value: float

    def evaluate(self, lookup: Lookup, arithmetic: Arithmetic) -> Values:
        """The number itself."""
        return arithmetic.number(self.value)


@dataclass(frozen=True)
class Name(Node):
    """A column, whatever it comes from."""

    name: str

    def evaluate(self, lookup: Lookup, arithmetic: Arithmetic) -> Values:
        """The column as the caller knows it; flags stay flags, everything else is a number."""
        values = arithmetic.library.asarray(lookup(self.name))
        return values if values.dtype == bool else arithmetic.number(values)


@dataclass(frozen=True)
class Call(Node):
    """A function or an arithmetic operator with its arguments."""

    function: Apply
    arguments: tuple[Node, ...]
    of_one_object: bool = True

    def evaluate(self, lookup: Lookup, arithmetic: Arithmetic) -> Values:
        """The function of the evaluated arguments."""
        values = [one.evaluate(lookup, arithmetic) for one in self.arguments]
        return arithmetic.library.asarray(self.function(arithmetic, values))


@dataclass(frozen=True)
class Logical(Node):
    """Conditions joined by & or |, or one turned round by ~."""

    operator: str
    arguments: tuple[Node, ...]

    def evaluate(self, lookup: Lookup, arithmetic: Arithmetic) -> Values:
        """Truth values."""
        flags = [arithmetic.truth(one.evaluate(lookup, arithmetic)) for one in self.arguments]
        library = arithmetic.library
        if self.operator == "~":
            return library.asarray(library.logical_not(flags[0]))
        join = library.logical_and if self.operator == "&" else library.logical_or
        result = flags[0]
        for flag in flags[1:]:
            result = join(result, flag)
        return library.asarray(result)


@dataclass(frozen=True)
class Comparison(Node):
    """One comparison, or a chain of them as in `2 < eta < 5`."""

    operators: tuple[Apply, ...]
    arguments: tuple[Node, ...]

    def evaluate(self, lookup: Lookup, arithmetic: Arithmetic) -> Values:
        """Truth values: whether every link of the chain holds."""
        values = [one.evaluate(lookup, arithmetic) for one in self.arguments]
        result = self.operators[0](arithmetic, values[:2])
        for operator, left, right in zip(self.operators[1:], values[1:-1], values[2:], strict=True):
            result = arithmetic.library.logical_and(result, operator(arithmetic, [left, right]))
        return arithmetic.library.asarray(result)


OPERATORS: dict[type[ast.AST], Apply] = {
    ast.Add: named("add"),
    ast.Sub: named("subtract"),
    ast.Mult: named("multiply"),
    ast.Div: named("divide"),
    ast.Mod: named("remainder"),
    ast.Pow: named("float_power"),
    ast.USub: named("negative"),
    ast.UAdd: named("positive"),
}
COMPARISONS: dict[type[ast.cmpop], Apply] = {
    ast.Lt: named("less"),
    ast.LtE: named("less_equal"),
    ast.Gt: named("greater"),
    ast.GtE: named("greater_equal"),
    ast.Eq: named("equal"),
    ast.NotEq: named("not_equal"),
}
