"""How each primitive of JAX becomes steps: a table, so that a new primitive is a new line."""

from itertools import accumulate

import numpy as np

from flashsim.errors import FlashSimError
from flashsim.exports.contraction import JOINS, cumsum, dot_general, pairwise_reduction, reduce_sum
from flashsim.exports.equation import Equation, Lowering, Shaped, Steps
from flashsim.exports.gather import gather
from flashsim.exports.graph import Operand

_MOVED: dict[tuple[str, str, tuple[tuple[int, ...], ...]], list[np.ndarray]] = {}  # a solver moves alike in each step


def _elementwise(steps: Steps, equation: Equation) -> list[Shaped]:
    ((shape, dtype),) = equation.outputs
    operands = [_spread(steps, one, shape) for one in equation.inputs]
    return [Shaped(steps.elementwise(equation.name, operands, dtype), shape)]


def _spread(steps: Steps, one: Shaped, shape: tuple[int, ...]) -> Operand:
    """The elements along axes of length one, repeated; a single element is repeated by every elementwise step."""
    if one.operand.size == 1 or one.shape == shape:
        return one.operand
    return steps.move([one.operand], np.ravel(np.broadcast_to(one.places, shape)))


def _move(steps: Steps, equation: Equation) -> list[Shaped]:
    """What only moves elements is done once, to their numbers."""
    key = (equation.name, str(equation.parameters), tuple(one.shape for one in equation.inputs))
    if key not in _MOVED:
        starts = [0, *accumulate(one.operand.size for one in equation.inputs)]
        numbers = [one.places + start for one, start in zip(equation.inputs, starts, strict=False)]
        _MOVED[key] = [np.asarray(one) for one in equation.apply(*numbers)]
    moved = _MOVED[key]
    operands = [one.operand for one in equation.inputs]
    return [
        Shaped(steps.move(operands, np.ravel(np.asarray(index))), shape)
        for index, (shape, _) in zip(moved, equation.outputs, strict=True)
    ]


def _converted(steps: Steps, equation: Equation) -> list[Shaped]:
    ((shape, dtype),) = equation.outputs
    (value,) = equation.inputs
    if value.operand.dtype == dtype:
        return [value]
    return [Shaped(steps.elementwise("convert", [value.operand], dtype), shape)]


def _round(steps: Steps, equation: Equation) -> list[Shaped]:
    if int(equation.parameters["rounding_method"]) != 1:
        raise FlashSimError("halves are rounded to even numbers only")
    return _elementwise(steps, equation)


def _power(steps: Steps, equation: Equation) -> list[Shaped]:
    """Whole powers are products: exact for negative numbers, and as fast as they look."""
    ((shape, dtype),) = equation.outputs
    base = equation.inputs[0].operand
    exponent = equation.parameters.get("y")
    if exponent is None and equation.inputs[1].is_constant:
        values = np.unique(equation.inputs[1].array)
        exponent = float(values[0]) if len(values) == 1 else None
    if exponent is None or exponent != round(exponent) or not 1 <= abs(exponent) <= 16:
        return _elementwise(steps, equation)
    result = base
    for _ in range(int(abs(exponent)) - 1):
        result = steps.elementwise("mul", [result, base], dtype)
    one = np.ones(1, dtype)
    return [Shaped(result if exponent > 0 else steps.elementwise("div", [one, result], dtype), shape)]


def _clamp(steps: Steps, equation: Equation) -> list[Shaped]:
    ((shape, dtype),) = equation.outputs
    low, value, high = (one.operand for one in equation.inputs)
    raised = steps.elementwise("max", [value, low], dtype)
    return [Shaped(steps.elementwise("min", [raised, high], dtype), shape)]


def _select(steps: Steps, equation: Equation) -> list[Shaped]:
    ((shape, dtype),) = equation.outputs
    which, *cases = equation.inputs
    if len(cases) != 2 or which.operand.dtype != np.bool_:
        raise FlashSimError("a choice between more than two cases")
    if which.shape != shape:  # one truth value for all elements
        which = Shaped(steps.move([which.operand], np.zeros(np.prod(shape, dtype=int), np.int32)), shape)
    return [Shaped(steps.elementwise("select", [which.operand, cases[1].operand, cases[0].operand], dtype), shape)]


_ELEMENTWISE = """
    add sub mul div rem max min neg abs sign exp log log1p expm1 sqrt rsqrt tanh sin cos tan asin acos atan atan2
    sinh cosh asinh erf erfc floor ceil is_finite eq ne lt le gt ge and or not
"""
_MOVES = """
    broadcast_in_dim reshape squeeze expand_dims transpose slice concatenate stack rev split copy copy_p
    optimization_barrier reduce_precision stop_gradient unstack pvary
"""

LOWERINGS: dict[str, Lowering] = (
    dict.fromkeys(_ELEMENTWISE.split(), _elementwise)
    | dict.fromkeys(_MOVES.split(), _move)
    | {
        "convert_element_type": _converted,
        "integer_pow": _power,
        "pow": _power,
        "round": _round,
        "clamp": _clamp,
        "select_n": _select,
        "gather": gather,
        "dot_general": dot_general,
        "reduce_sum": reduce_sum,
        "cumsum": cumsum,
    }
    | {name: pairwise_reduction(join) for name, join in JOINS.items()}
)
