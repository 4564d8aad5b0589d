"""From a JAX function of one object to its graph."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import ClosedJaxpr, Jaxpr, JaxprEqn, Literal

from flashsim.errors import FlashSimError
from flashsim.exports.equation import Equation, Shaped, Steps
from flashsim.exports.graph import Elementwise, Graph, Lookup, Move, Operand, Product, Step, Value, needed
from flashsim.exports.lowering import LOWERINGS

KNOWN = (np.float32, np.int32, np.bool_)
Expansions = Mapping[str, Callable[..., Any]]
"""Functions in terms of simpler ones, by the name of the primitive that they stand for."""


def trace(function: Callable[..., Any], widths: Sequence[int], expansions: Expansions) -> Graph:
    """The graph of a function whose arguments are vectors of these widths (float32).

    What is the same for every object is computed here and now; calls and `expansions` are written out; what no
    output needs is left out. Raises FlashSimError for an operation that has no steps.
    """
    closed = jax.make_jaxpr(function)(*(jax.ShapeDtypeStruct((width,), np.float32) for width in widths))
    inputs = tuple(Value(width, np.dtype(np.float32)) for width in widths)
    steps = _Steps(expansions)
    arguments = [Shaped(value, (value.size,)) for value in inputs]
    outputs = [steps.varying(one.operand, inputs[0]) for one in steps.walk(closed, arguments)]
    return needed(Graph(inputs, tuple(steps.steps), tuple(outputs)))


@dataclass(frozen=True)
class _Steps(Steps):
    """The steps so far, as what lowers an operation adds to them."""

    expansions: Expansions
    steps: list[Step] = field(default_factory=list)

    def walk(self, closed: ClosedJaxpr, arguments: Sequence[Shaped]) -> list[Shaped]:
        known: dict[Any, Shaped] = {
            variable: Shaped.of(constant, _described(variable)[1])
            for variable, constant in zip(closed.jaxpr.constvars, closed.consts, strict=True)
        }
        known |= dict(zip(closed.jaxpr.invars, arguments, strict=True))

        def read(variable: Any) -> Shaped:
            return (
                Shaped.of(variable.val, _described(variable)[1]) if isinstance(variable, Literal) else known[variable]
            )

        for equation in closed.jaxpr.eqns:
            outputs = self._operation(equation, [read(variable) for variable in equation.invars])
            known |= dict(zip(equation.outvars, outputs, strict=True))
        return [read(variable) for variable in closed.jaxpr.outvars]

    def _operation(self, equation: JaxprEqn, inputs: list[Shaped]) -> list[Shaped]:
        if (called := _called(equation)) is not None:
            return self.walk(called, inputs)
        name = equation.primitive.name
        if name == "scan":
            return self._repeated(equation.params, inputs)
        if all(one.is_constant for one in inputs):
            outputs = _apply(equation, [one.array for one in inputs])
            return [Shaped.of(one, one.dtype) for one in outputs]
        if name in self.expansions:
            body = jax.make_jaxpr(self.expansions[name])(*(variable.aval for variable in equation.invars))
            return self.walk(body, inputs)
        if name not in LOWERINGS:
            raise FlashSimError(
                f"the operation {name!r} of JAX is not known to this export; export to stablehlo, which knows all"
            )
        shapes = [_described(variable) for variable in equation.outvars]
        apply = lambda *operands: _apply(equation, operands)  # noqa: E731 (one of several things an equation is)
        return LOWERINGS[name](self, Equation(name, equation.params, inputs, shapes, apply))

    def _repeated(self, loop: Mapping[str, Any], inputs: list[Shaped]) -> list[Shaped]:
        """A loop of fixed length, written out."""
        constants, carried = inputs[: loop["num_consts"]], inputs[loop["num_consts"] :]
        carried, tables = carried[: loop["num_carry"]], carried[loop["num_carry"] :]
        made: list[list[Shaped]] = [[] for _ in range(loop["length"])]
        for turn in range(loop["length"])[:: -1 if loop["reverse"] else 1]:
            rows = [Shaped(self.move([one.operand], np.ravel(one.places[turn])), one.shape[1:]) for one in tables]
            found = self.walk(loop["jaxpr"], [*constants, *carried, *rows])
            carried, made[turn] = found[: loop["num_carry"]], found[loop["num_carry"] :]
        joined = [[one.operand for one in column] for column in zip(*made, strict=True)]
        sizes = [sum(one.size for one in column) for column in joined]
        shapes = [(loop["length"], *one.shape) for one in made[0]]
        stacked = [self.move(column, np.arange(size)) for column, size in zip(joined, sizes, strict=True)]
        return [*carried, *(Shaped(one, shape) for one, shape in zip(stacked, shapes, strict=True))]

    def elementwise(self, name: str, inputs: Sequence[Operand], dtype: np.dtype) -> Operand:
        size = max(one.size for one in inputs)
        repeated = [
            self.move([one], np.zeros(size, np.int32)) if isinstance(one, Value) and one.size < size else one
            for one in inputs
        ]
        return self._add(Elementwise(name, tuple(repeated), Value(size, np.dtype(dtype))))

    def move(self, inputs: Sequence[Operand], index: np.ndarray) -> Operand:
        if not index.size:
            return np.zeros(0, inputs[0].dtype)
        sizes = np.cumsum([0, *(one.size for one in inputs)])
        # Inputs of which nothing is taken are left out, and one that is taken as it is stays what it is.
        used = [i for i in range(len(inputs)) if ((index >= sizes[i]) & (index < sizes[i + 1])).any()]
        shift = np.concatenate(
            [np.full(inputs[i].size, sizes[i] - sum(inputs[j].size for j in used if j < i)) for i in range(len(inputs))]
        )
        index, inputs = index - shift[index], [inputs[i] for i in used]
        if len(inputs) == 1 and np.array_equal(index, np.arange(inputs[0].size)):
            return inputs[0]
        constants = [one for one in inputs if not isinstance(one, Value)]
        if len(constants) == len(inputs):
            return np.concatenate(constants)[index]
        return self._add(Move(tuple(inputs), index, Value(index.size, np.dtype(inputs[0].dtype))))

    def product(self, vector: Operand, matrix: np.ndarray) -> Operand:
        size = vector.size // matrix.shape[0] * matrix.shape[1]
        return self._add(Product((vector,), matrix, Value(size, np.dtype(np.float32))))

    def lookup(self, table: Operand, place: Operand) -> Operand:
        return self._add(Lookup((table, place), Value(place.size, np.dtype(table.dtype))))

    def varying(self, operand: Operand, one: Value) -> Value:
        """An operand as a value, also where it is the same for every object."""
        if isinstance(operand, Value):
            return operand
        number = self.move([one], np.zeros(operand.size, np.int32))
        always = self.elementwise("le", [number, np.full(1, np.inf, np.float32)], np.dtype(bool))
        return self._add(Elementwise("select", (always, operand, operand), Value(operand.size, operand.dtype)))

    def _add(self, step: Step) -> Value:
        if step.output.dtype not in KNOWN:
            raise FlashSimError(f"numbers of type {step.output.dtype} are not known to this export")
        self.steps.append(step)
        return step.output


def _described(variable: Any) -> tuple[tuple[int, ...], np.dtype]:
    """The shape and the dtype of a variable of JAX."""
    return tuple(map(int, variable.aval.shape)), np.dtype(variable.aval.dtype)


def _called(equation: JaxprEqn) -> ClosedJaxpr | None:
    """The body of an operation that only calls a function; loops and branches are none."""
    if equation.primitive.name in ("scan", "while", "cond"):
        return None
    for key in ("jaxpr", "call_jaxpr", "fun_jaxpr"):
        body = equation.params.get(key)
        if isinstance(body, ClosedJaxpr):
            return body
        if isinstance(body, Jaxpr):
            return ClosedJaxpr(body, ())
    return None


def _apply(equation: JaxprEqn, operands: Sequence[Any]) -> list[Any]:
    result = equation.primitive.bind(*map(jnp.asarray, operands), **equation.params)
    return list(result) if equation.primitive.multiple_results else [result]
