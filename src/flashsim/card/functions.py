"""The functions of the expression language: a white-list, each acting on whole columns at once."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

from flashsim.card.arithmetic import Arithmetic, Values
from flashsim.card.charges import charge
from flashsim.card.neighbours import nearest, of_nearest

Apply = Callable[[Arithmetic, list[Values]], Values]


@dataclass(frozen=True)
class Function:
    """A function that formulas may call, with the number of arguments that it takes.

    One that is not `of_one_object` needs its whole event, or a table of particles.
    """

    apply: Apply
    meaning: str
    least: int
    most: int | None  # None: any number
    of_one_object: bool = True

    def accepts(self, count: int) -> bool:
        """Whether it can be called with `count` arguments."""
        return self.least <= count and (self.most is None or count <= self.most)

    @property
    def arity(self) -> str:
        """The number of arguments in words, for messages."""
        if self.most is None:
            return f"at least {self.least} arguments"
        return f"{self.least} argument{'s' if self.least != 1 else ''}"


Counted = Bool[np.ndarray, " objects"] | None
"""The objects that functions of whole events see; None: all."""


def event_sum(
    values: Shaped[np.ndarray, "..."], offsets: Int[np.ndarray, " bounds"], counted: Counted = None
) -> Float[np.ndarray, " objects"]:
    """The sum over the objects of the same event, given to each of them.

    Each event is added up on its own and in order, so that neither the chunk that it is read in nor a
    NaN in another event can change its bits.
    """
    return np.repeat(sums_of_events(values, offsets, counted), np.diff(offsets))


def sums_of_events(
    values: Shaped[np.ndarray, "..."], offsets: Int[np.ndarray, " bounds"], counted: Counted = None
) -> Float[np.ndarray, " events"]:
    """The sum over the objects of each event; 0 for an event without objects."""
    counts = np.diff(offsets)
    event = np.repeat(np.arange(len(counts)), counts)
    weights = np.broadcast_to(np.asarray(values, dtype=np.float64), event.shape)
    if counted is not None:
        event, weights = event[counted], weights[counted]
    return np.bincount(event, weights=weights, minlength=len(counts)).astype(np.float64)  # integers, of no objects


def group_sum(
    values: Shaped[np.ndarray, "..."],
    key: Shaped[np.ndarray, "..."],
    offsets: Int[np.ndarray, " bounds"],
    counted: Counted = None,
) -> Float[np.ndarray, " objects"]:
    """The sum over the objects of the same event that have the same key, given to each of them; added up in order."""
    group = _groups(key, offsets)
    weights = np.broadcast_to(np.asarray(values, dtype=np.float64), group.shape)
    if counted is not None:
        weights = np.where(counted, weights, 0.0)
    return np.bincount(group, weights=weights).astype(np.float64)[group]


def first_of(
    key: Shaped[np.ndarray, "..."], offsets: Int[np.ndarray, " bounds"], counted: Counted = None
) -> Bool[np.ndarray, " objects"]:
    """Whether an object is the first of its event that has its key."""
    group = _groups(key, offsets)
    rows = np.arange(len(group)) if counted is None else np.flatnonzero(counted)
    found = np.zeros(len(group), dtype=bool)
    found[rows[np.unique(group[rows], return_index=True)[1]]] = True
    return found


def _groups(key: Shaped[np.ndarray, "..."], offsets: Int[np.ndarray, " bounds"]) -> Int[np.ndarray, " objects"]:
    """A number for each object, equal for those of the same event and key."""
    counts = np.diff(offsets)
    event = np.repeat(np.arange(len(counts)), counts)
    keys = np.broadcast_to(np.asarray(key), event.shape)
    order = np.lexsort((keys, event))
    event, keys = event[order], keys[order]
    another = (event[1:] != event[:-1]) | (keys[1:] != keys[:-1])
    group = np.zeros(len(order), dtype=np.int64)
    group[order[1:]] = np.cumsum(another)
    return group


def is_in(arithmetic: Arithmetic, values: list[Values]) -> Values:
    """Whether the first of the values is one of the others."""
    found, first = arithmetic.truth(np.zeros(())), arithmetic.number(values[0])
    for one in values[1:]:
        found = arithmetic.library.logical_or(found, first == arithmetic.number(one))
    return found


def named(name: str) -> Apply:
    """The function of numbers that NumPy, and what follows its names, has under this name."""
    return lambda arithmetic, arguments: getattr(arithmetic.library, name)(*map(arithmetic.number, arguments))


def _clip(arithmetic: Arithmetic, arguments: list[Values]) -> Values:
    x, low, high = map(arithmetic.number, arguments)
    return arithmetic.library.minimum(arithmetic.library.maximum(x, low), high)


def _bit(arithmetic: Arithmetic, arguments: list[Values]) -> Values:
    x, number = map(arithmetic.number, arguments)
    halved = arithmetic.library.floor(x / 2**number)
    return arithmetic.truth(halved - 2 * arithmetic.library.floor(halved / 2))


def _counted(arithmetic: Arithmetic, where: Values) -> Values:
    """A condition on the objects that functions of whole events see."""
    return where if arithmetic.counted is None else (np.asarray(where) != 0) & arithmetic.counted


def _where(arithmetic: Arithmetic, arguments: list[Values]) -> Values:
    condition, *choices = arguments
    return arithmetic.library.where(arithmetic.truth(condition), *map(arithmetic.number, choices))


_OF_ONE_NUMBER = {
    "sqrt": "square root",
    "exp": "exponential",
    "log": "natural logarithm",
    "log10": "decimal logarithm",
    "log1p": "log(1 + x), exact for small x",
    "abs": "absolute value",
    "sign": "−1, 0 or 1",
    "floor": "the largest whole number that is not above it",
    "sin": "sine of radians",
    "cos": "cosine of radians",
    "tan": "tangent of radians",
    "arcsin": "inverse sine, in radians",
    "arccos": "inverse cosine, in radians",
    "arctan": "inverse tangent, in radians",
    "sinh": "hyperbolic sine",
    "cosh": "hyperbolic cosine",
    "tanh": "hyperbolic tangent",
    "arcsinh": "inverse hyperbolic sine",
}
_OF_TWO_NUMBERS = {
    "arctan2": "arctan2(y, x): angle of the point (x, y)",
    "hypot": "hypot(x, y): sqrt(x² + y²)",
    "minimum": "the smaller of two",
    "maximum": "the larger of two",
}
_NUMERIC = {name: (meaning, 1) for name, meaning in _OF_ONE_NUMBER.items()} | {
    name: (meaning, 2) for name, meaning in _OF_TWO_NUMBERS.items()
}
FUNCTIONS: dict[str, Function] = {
    name: Function(named(name), meaning, count, count) for name, (meaning, count) in _NUMERIC.items()
} | {
    "clip": Function(_clip, "clip(x, low, high): x kept in a range", 3, 3),
    "charge": Function(
        lambda _, arguments: charge(arguments[0]),
        "electric charge (in e) of a Particle Data Group number; 0 if unknown",
        1,
        1,
        of_one_object=False,
    ),
    "where": Function(_where, "where(condition, a, b): a where the condition holds, else b", 3, 3),
    "bit": Function(_bit, "bit(x, n): whether bit n of a whole number is set, counted from 0", 2, 2),
    "isin": Function(is_in, "isin(x, 1, 2, …): whether x is one of the values", 2, None),
    "event_sum": Function(
        lambda arithmetic, arguments: event_sum(arguments[0], arithmetic.offsets, arithmetic.counted),
        "sum over the objects of the same event, given to each of them",
        1,
        1,
        of_one_object=False,
    ),
    "group_sum": Function(
        lambda arithmetic, arguments: group_sum(arguments[0], arguments[1], arithmetic.offsets, arithmetic.counted),
        "group_sum(x, key): sum over the objects of the same event that have the same key, given to each of them",
        2,
        2,
        of_one_object=False,
    ),
    "first_of": Function(
        lambda arithmetic, arguments: first_of(arguments[0], arithmetic.offsets, arithmetic.counted),
        "first_of(key): whether it is the first object of its event that has its key",
        1,
        1,
        of_one_object=False,
    ),
    "nearest": Function(
        lambda arithmetic, arguments: nearest(arguments[0], _counted(arithmetic, arguments[1]), arithmetic.offsets),
        "nearest(x, where): distance in x to the nearest other object of the event for which `where` holds; infinite "
        "where there is none",
        2,
        2,
        of_one_object=False,
    ),
    "of_nearest": Function(
        lambda arithmetic, arguments: of_nearest(
            arguments[0], arguments[1], _counted(arithmetic, arguments[2]), arithmetic.offsets
        ),
        "of_nearest(y, x, where): the y of that object; 0 where there is none",
        3,
        3,
        of_one_object=False,
    ),
}
