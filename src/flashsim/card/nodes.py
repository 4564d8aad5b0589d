"""The tree of a parsed formula: numbers, names, and functions of them, evaluated on whole columns."""

import ast
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
from jaxtyping import Int

from flashsim.card.functions import Apply, Values, columnwise, library, number, truth

Lookup = Callable[[str], Any]
Offsets = Int[np.ndarray, " bounds"]
Result = Values


def as_array(values: Any) -> Result:
    """NumPy's own numbers, which its functions give for columns without dimensions, as arrays; others as they are."""
    return np.asarray(values) if library(values) is np else values


class Node(ABC):
    """A part of a formula."""

    @abstractmethod
    def evaluate(self, lookup: Lookup, offsets: Offsets) -> Result:
        """The values, one an object, or a single one for a constant."""

    @abstractmethod
    def names(self) -> Iterator[str]:
        """The names that it uses."""


@dataclass(frozen=True)
class Number(Node):
    """A literal number."""

    value: float

    def evaluate(self, lookup: Lookup, offsets: Offsets) -> Result:
        """The number itself."""
        return np.asarray(self.value, dtype=np.float64)

    def names(self) -> Iterator[str]:
        """None."""
        yield from ()


@dataclass(frozen=True)
class Name(Node):
    """A column, whatever it comes from."""

    name: str

    def evaluate(self, lookup: Lookup, offsets: Offsets) -> Result:
        """The column as the caller knows it; flags stay flags, everything else is a double."""
        values = as_array(lookup(self.name))
        return values if values.dtype == np.bool_ else number(values)

    def names(self) -> Iterator[str]:
        """Itself."""
        yield self.name


@dataclass(frozen=True)
class Call(Node):
    """A function or an arithmetic operator with its arguments."""

    function: Apply
    arguments: tuple[Node, ...]

    def evaluate(self, lookup: Lookup, offsets: Offsets) -> Result:
        """The function of the evaluated arguments."""
        return as_array(self.function([one.evaluate(lookup, offsets) for one in self.arguments], offsets))

    def names(self) -> Iterator[str]:
        """Those of the arguments."""
        for argument in self.arguments:
            yield from argument.names()


@dataclass(frozen=True)
class Logical(Node):
    """Conditions joined by & or |, or one turned round by ~."""

    operator: str
    arguments: tuple[Node, ...]

    def evaluate(self, lookup: Lookup, offsets: Offsets) -> Result:
        """Truth values."""
        flags = [truth(one.evaluate(lookup, offsets)) for one in self.arguments]
        if self.operator == "~":
            return as_array(columnwise(np.logical_not)(flags[0]))
        return as_array(reduce(columnwise(np.logical_and if self.operator == "&" else np.logical_or), flags))

    def names(self) -> Iterator[str]:
        """Those of the arguments."""
        for argument in self.arguments:
            yield from argument.names()


@dataclass(frozen=True)
class Comparison(Node):
    """One comparison, or a chain of them as in `2 < eta < 5`."""

    operators: tuple[np.ufunc, ...]
    operands: tuple[Node, ...]

    def evaluate(self, lookup: Lookup, offsets: Offsets) -> Result:
        """Truth values: whether every link of the chain holds."""
        values = [number(one.evaluate(lookup, offsets)) for one in self.operands]
        links = zip(self.operators, values[:-1], values[1:], strict=True)
        return as_array(
            reduce(columnwise(np.logical_and), (columnwise(operator)(left, right) for operator, left, right in links))
        )

    def names(self) -> Iterator[str]:
        """Those of the operands."""
        for operand in self.operands:
            yield from operand.names()


def _operator(function: np.ufunc) -> Apply:
    return lambda arguments, _: columnwise(function)(*map(number, arguments))


OPERATORS: dict[type[ast.AST], Apply] = {
    ast.Add: _operator(np.add),
    ast.Sub: _operator(np.subtract),
    ast.Mult: _operator(np.multiply),
    ast.Div: _operator(np.divide),
    ast.Mod: _operator(np.remainder),
    ast.Pow: _operator(np.float_power),
    ast.USub: _operator(np.negative),
    ast.UAdd: _operator(np.positive),
}
COMPARISONS: dict[type[ast.cmpop], np.ufunc] = {
    ast.Lt: np.less,
    ast.LtE: np.less_equal,
    ast.Gt: np.greater,
    ast.GtE: np.greater_equal,
    ast.Eq: np.equal,
    ast.NotEq: np.not_equal,
}
