"""Each elementwise function as a C99 expression of its operands."""

import numpy as np

from flashsim.errors import FlashSimError
from flashsim.exports.graph import Elementwise

_ANY = {
    "add": "{0} + {1}",
    "sub": "{0} - {1}",
    "mul": "{0} * {1}",
    "div": "{0} / {1}",
    "neg": "-{0}",
    "eq": "{0} == {1}",
    "ne": "{0} != {1}",
    "lt": "{0} < {1}",
    "le": "{0} <= {1}",
    "gt": "{0} > {1}",
    "ge": "{0} >= {1}",
    "select": "{0} ? {1} : {2}",
}
_WHOLE = _ANY | {
    "rem": "{0} % {1}",
    "max": "{0} > {1} ? {0} : {1}",
    "min": "{0} < {1} ? {0} : {1}",
    "abs": "{0} < 0 ? -{0} : {0}",
    "sign": "({0} > 0) - ({0} < 0)",
}
_TRUTH = _ANY | {"and": "{0} & {1}", "or": "{0} | {1}", "not": "!{0}"}
_LIBRARY = "exp log log1p expm1 sqrt tanh sin cos tan asin acos atan sinh cosh asinh erf erfc floor ceil"
_NUMBER = (
    _ANY
    | {
        "rem": "fmodf({0}, {1})",
        # What is not a number stays so.
        "max": "({0} > {1} || {0} != {0}) ? {0} : {1}",
        "min": "({0} < {1} || {0} != {0}) ? {0} : {1}",
        "sign": "{0} > 0.0f ? 1.0f : {0} < 0.0f ? -1.0f : {0}",
        "abs": "fabsf({0})",
        "rsqrt": "1.0f / sqrtf({0})",
        "round": "rintf({0})",
        "pow": "powf({0}, {1})",
        "atan2": "atan2f({0}, {1})",
        "is_finite": "fabsf({0}) < INFINITY",
    }
    | {name: f"{name}f({{0}})" for name in _LIBRARY.split()}
)


def expression(step: Elementwise, operands: list[str]) -> str:
    """The C expression of a step, given those of its operands."""
    reads = step.inputs[-1].dtype
    if step.name == "convert":
        return _converted(reads, step.output.dtype, operands[0])
    table = _NUMBER if reads == np.float32 else _TRUTH if reads == np.bool_ else _WHOLE
    if step.name not in table:
        raise FlashSimError(f"the operation {step.name!r} of {reads} numbers is not known to the export to C")
    return table[step.name].format(*operands)


def _converted(reads: np.dtype, makes: np.dtype, operand: str) -> str:
    if makes == np.float32:
        return f"(float){operand}"
    if makes == np.bool_:
        return f"{operand} != 0"
    return f"fs_whole({operand})" if reads == np.float32 else operand


_SPECIAL = {"nan": "NAN", "inf": "INFINITY", "-inf": "-INFINITY"}


def literals(values: np.ndarray) -> list[str]:
    """The numbers as C writes them, with as many digits as they need to be read back as they are."""
    if values.dtype.kind != "f":
        return [str(int(value)) for value in values.tolist()]
    return [_SPECIAL.get(text) or f"{text}f" for text in values.astype(np.float32).astype(str).tolist()]


def literal(value: np.generic) -> str:
    """One number, in brackets where its sign could follow another."""
    (text,) = literals(np.array([value]))
    return f"({text})" if text.startswith("-") else text
