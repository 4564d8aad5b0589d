"""The units of a function as statements in C."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from flashsim.exports.c.elementwise import expression, literal
from flashsim.exports.c.units import Plan, Unit
from flashsim.exports.graph import Elementwise, Lookup, Move, Operand, Product, Value


@dataclass(frozen=True)
class Body:
    """Statements over a block of objects: ``f`` holds numbers, ``w`` whole numbers and truth values."""

    plan: Plan
    table: Callable[[np.ndarray], str]

    def place(self, value: Value, element: int = 0) -> str:
        """A pointer to an element of a stored value."""
        view = self.plan.views.get(value)
        base, start = (value, 0) if view is None else (view.base, view.start)
        return f"{_memory(value)} + {self.plan.places[base] + start + element} * FS_BLOCK"

    def lines(self) -> Iterator[str]:
        """All statements."""
        for unit in self.plan.units:
            match unit.steps[0]:
                case Elementwise():
                    yield from self._loop(unit)
                case Product() as step:
                    yield from self._product(step)
                case Lookup() as step:
                    yield from self._lookup(step)
                case Move() as step:
                    yield from self._move(step)

    def _loop(self, unit: Unit) -> Iterator[str]:
        """One loop over elements and objects; what nobody else reads is not stored."""
        steps = [step for step in unit.steps if isinstance(step, Elementwise)]
        local: dict[Value, str] = {}
        yield f"  for (int i = 0; i < {steps[0].output.size}; i++)"
        yield "    FS_INDEPENDENT for (int o = 0; o < FS_BLOCK; o++) {"
        for number, step in enumerate(steps):
            operands = [local.get(one) if isinstance(one, Value) else None for one in step.inputs]
            read = [known or self._read(one) for known, one in zip(operands, step.inputs, strict=True)]
            kind = "float" if step.output.dtype == np.float32 else "int"
            yield f"      const {kind} t{number} = {expression(step, read)};"
            local[step.output] = f"t{number}"
            if step.output in self.plan.places:
                yield f"      ({self.place(step.output)})[i * FS_BLOCK + o] = t{number};"
        yield "    }"

    def _read(self, operand: Operand) -> str:
        if isinstance(operand, Value):
            return f"({self.place(operand)})[i * FS_BLOCK + o]"
        if np.all(operand == operand[:1]) or operand.size == 1:
            return literal(operand[0])
        return f"{self.table(operand)}[i]"

    def _product(self, step: Product) -> Iterator[str]:
        length, columns = step.matrix.shape
        (vector,) = step.inputs
        assert isinstance(vector, Value)
        for row in range(step.rows):
            source, target = self.place(vector, row * length), self.place(step.output, row * columns)
            yield f"  fs_product({length}, {columns}, {self.table(step.matrix)}, {source}, {target});"

    def _lookup(self, step: Lookup) -> Iterator[str]:
        table, place = step.inputs
        assert isinstance(place, Value)
        if isinstance(table, Value):
            found = f"({self.place(table)})[({self.place(place)})[i * FS_BLOCK + o] * FS_BLOCK + o]"
        else:
            found = f"{self.table(table)}[({self.place(place)})[i * FS_BLOCK + o]]"
        yield f"  for (int i = 0; i < {step.output.size}; i++)"
        yield f"    for (int o = 0; o < FS_BLOCK; o++) ({self.place(step.output)})[i * FS_BLOCK + o] = {found};"

    def _move(self, step: Move) -> Iterator[str]:
        """Runs of elements that follow each other, or repeat."""
        ends = np.cumsum([one.size for one in step.inputs])
        source = np.searchsorted(ends, step.index, side="right")
        starts = np.concatenate([[0], ends[:-1]])
        kind = "" if step.output.dtype == np.float32 else "_whole"
        for first, last, stride in _runs(step.index, source):
            operand, element = step.inputs[source[first]], int(step.index[first] - starts[source[first]])
            length = last - first
            target = self.place(step.output, first)
            if not isinstance(operand, Value):
                values = operand[element + stride * np.arange(length)]
                yield f"  for (int i = 0; i < {length}; i++)"
                number = literal(values[0]) if np.all(values == values[0]) else f"{self.table(values)}[i]"
                yield f"    for (int o = 0; o < FS_BLOCK; o++) ({target})[i * FS_BLOCK + o] = {number};"
            elif stride == 1 or length == 1:
                yield f"  fs_copy{kind}({target}, {self.place(operand, element)}, {length});"
            else:
                yield f"  for (int i = 0; i < {length}; i++)"
                yield (
                    f"    fs_copy{kind}({target} + i * FS_BLOCK, {self.place(operand, element)} "
                    f"+ i * {stride} * FS_BLOCK, 1);"
                )


def _runs(index: np.ndarray, source: np.ndarray) -> Iterator[tuple[int, int, int]]:
    """First, end and stride of the longest runs of one stride from one input."""
    first = 0
    while first < len(index):
        last, stride = first + 1, 1
        if last < len(index) and source[last] == source[first]:
            stride = int(index[last] - index[first])
        while last < len(index) and source[last] == source[first] and index[last] - index[last - 1] == stride:
            last += 1
        yield first, last, stride
        first = last


def _memory(value: Value) -> str:
    return "f" if value.dtype == np.float32 else "w"
