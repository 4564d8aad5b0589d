"""The functions of the expression language: a white-list, each acting on whole columns at once."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
from jaxtyping import Float, Int, Shaped

from flashsim.card.charges import charge

Values = Shaped[Any, "..."]
"""An array of NumPy or, within a loss, of JAX, which is not imported here: commands that need no JAX start at once."""
Apply = Callable[[list[Any], np.ndarray], Any]
NOT_IN_A_LOSS = ("charge", "event_sum")
"""Functions of whole events, or of tables: they cannot stand where gradients are taken."""


@dataclass(frozen=True)
class Function:
    """A function that formulas may call, with the number of arguments that it takes."""

    apply: Apply
    meaning: str
    least: int
    most: int | None  # None: any number

    def accepts(self, count: int) -> bool:
        """Whether it can be called with `count` arguments."""
        return self.least <= count and (self.most is None or count <= self.most)

    @property
    def arity(self) -> str:
        """The number of arguments in words, for messages."""
        if self.most is None:
            return f"at least {self.least} arguments"
        return f"{self.least} argument{'s' if self.least != 1 else ''}"


def library(*values: Values) -> Any:
    """NumPy, or the library of the first array that is not NumPy's."""
    foreign = [value for value in values if not isinstance(value, np.ndarray | np.generic)]
    return foreign[0].__array_namespace__() if foreign else np


def columnwise(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of NumPy on columns of any library that has it under the same name."""
    return lambda *columns: getattr(library(*columns), function.__name__)(*columns)


def number(values: Values) -> Values:
    """Numbers in double precision, so that integers neither overflow nor divide to integers; those of JAX as floats."""
    return np.asarray(values, dtype=np.float64) if library(values) is np else values.astype(float)


def truth(values: Values) -> Values:
    """Truth values: a number is true unless it is zero, so that 0/1 columns serve as flags."""
    return values if values.dtype == np.bool_ else values != 0


def event_sum(values: Shaped[np.ndarray, "..."], offsets: Int[np.ndarray, " bounds"]) -> Float[np.ndarray, " objects"]:
    """The sum over the objects of the same event, given to each of them.

    Each event is added up on its own and in order, so that neither the chunk that it is read in nor a
    NaN in another event can change its bits.
    """
    counts = np.diff(offsets)
    event = np.repeat(np.arange(len(counts)), counts)
    weights = np.broadcast_to(np.asarray(values, dtype=np.float64), event.shape)
    sums = np.bincount(event, weights=weights, minlength=len(counts))
    return sums[event].astype(np.float64)  # of no objects, bincount makes integers


def is_in(values: Values, *choices: Values) -> Values:
    """Whether a value is one of the choices."""
    return reduce(columnwise(np.logical_or), (number(values) == number(one) for one in choices))


def clip(values: Values, low: Values, high: Values) -> Values:
    """Values kept in a range."""
    return columnwise(np.minimum)(columnwise(np.maximum)(values, low), high)


def _numeric(function: Callable[..., Any], meaning: str, count: int = 1) -> Function:
    apply = columnwise(function) if isinstance(function, np.ufunc) else function
    return Function(lambda arguments, _: apply(*map(number, arguments)), meaning, count, count)


FUNCTIONS: dict[str, Function] = {
    "sqrt": _numeric(np.sqrt, "square root"),
    "exp": _numeric(np.exp, "exponential"),
    "log": _numeric(np.log, "natural logarithm"),
    "log10": _numeric(np.log10, "decimal logarithm"),
    "log1p": _numeric(np.log1p, "log(1 + x), exact for small x"),
    "abs": _numeric(np.abs, "absolute value"),
    "sign": _numeric(np.sign, "−1, 0 or 1"),
    "sin": _numeric(np.sin, "sine of radians"),
    "cos": _numeric(np.cos, "cosine of radians"),
    "tan": _numeric(np.tan, "tangent of radians"),
    "arcsin": _numeric(np.arcsin, "inverse sine, in radians"),
    "arccos": _numeric(np.arccos, "inverse cosine, in radians"),
    "arctan": _numeric(np.arctan, "inverse tangent, in radians"),
    "arctan2": _numeric(np.arctan2, "arctan2(y, x): angle of the point (x, y)", 2),
    "sinh": _numeric(np.sinh, "hyperbolic sine"),
    "cosh": _numeric(np.cosh, "hyperbolic cosine"),
    "tanh": _numeric(np.tanh, "hyperbolic tangent"),
    "arcsinh": _numeric(np.arcsinh, "inverse hyperbolic sine"),
    "hypot": _numeric(np.hypot, "hypot(x, y): sqrt(x² + y²)", 2),
    "minimum": _numeric(np.minimum, "the smaller of two", 2),
    "maximum": _numeric(np.maximum, "the larger of two", 2),
    "clip": _numeric(clip, "clip(x, low, high): x kept in a range", 3),
    "charge": _numeric(charge, "electric charge (in e) of a Particle Data Group number; 0 if unknown"),
    "where": Function(
        lambda arguments, _: columnwise(np.where)(truth(arguments[0]), number(arguments[1]), number(arguments[2])),
        "where(condition, a, b): a where the condition holds, else b",
        3,
        3,
    ),
    "isin": Function(
        lambda arguments, _: is_in(*arguments), "isin(x, 1, 2, …): whether x is one of the values", 2, None
    ),
    "event_sum": Function(
        lambda arguments, offsets: event_sum(arguments[0], offsets),
        "sum over the objects of the same event, given to each of them",
        1,
        1,
    ),
}
