"""Each elementwise function as operators of ONNX."""

from collections.abc import Callable
from typing import Any

import numpy as np

from flashsim.errors import FlashSimError
from flashsim.exports.graph import Elementwise

OPERATORS = {
    "add": "Add",
    "sub": "Sub",
    "mul": "Mul",
    "div": "Div",
    "max": "Max",
    "min": "Min",
    "neg": "Neg",
    "abs": "Abs",
    "sign": "Sign",
    "exp": "Exp",
    "log": "Log",
    "sqrt": "Sqrt",
    "tanh": "Tanh",
    "sin": "Sin",
    "cos": "Cos",
    "tan": "Tan",
    "asin": "Asin",
    "acos": "Acos",
    "atan": "Atan",
    "sinh": "Sinh",
    "cosh": "Cosh",
    "asinh": "Asinh",
    "erf": "Erf",
    "floor": "Floor",
    "ceil": "Ceil",
    "round": "Round",
    "pow": "Pow",
    "eq": "Equal",
    "lt": "Less",
    "le": "LessOrEqual",
    "gt": "Greater",
    "ge": "GreaterOrEqual",
    "and": "And",
    "or": "Or",
    "not": "Not",
    "select": "Where",
}


def nodes(step: Elementwise, reads: list[str], node: Callable[..., str], constant: Callable[[np.ndarray], str]) -> str:
    """Add the operators of a step by `node`; the name of what they make."""
    if step.name in OPERATORS:
        return node(OPERATORS[step.name], reads)
    match step.name:
        case "ne":
            return node("Not", [node("Equal", reads)])
        case "rsqrt":
            return node("Reciprocal", [node("Sqrt", reads)])
        case "rem":
            return node("Mod", reads, fmod=1)
        case "convert":
            return _converted(step, reads[0], node, constant)
    raise FlashSimError(f"the operation {step.name!r} is not known to the export to ONNX")


def _converted(step: Elementwise, read: str, node: Callable[..., str], constant: Callable[..., str]) -> str:
    kinds: dict[Any, int] = {np.dtype(np.float32): 1, np.dtype(np.int32): 6, np.dtype(bool): 9}  # as ONNX numbers them
    if step.inputs[0].dtype == np.float32 and step.output.dtype == np.int32:
        # What is not a number would be any whole number: a different one on each machine.
        is_number = node("Equal", [read, read])
        read = node("Where", [is_number, read, constant(np.zeros((1, 1), np.float32))])
    return node("Cast", [read], to=kinds[step.output.dtype])
