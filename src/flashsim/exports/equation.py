"""An operation of JAX, and the steps that it is lowered to."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from flashsim.exports.graph import Operand, Value

FLOAT, INTEGER = np.dtype(np.float32), np.dtype(np.int32)


@dataclass(frozen=True)
class Shaped:
    """A flat operand, and the shape that JAX sees."""

    operand: Operand
    shape: tuple[int, ...]

    @classmethod
    def of(cls, array: Any, dtype: Any) -> "Shaped":
        """What is the same for every object."""
        values = np.asarray(array, dtype=dtype)
        return cls(np.ravel(values), values.shape)

    @property
    def is_constant(self) -> bool:
        """Whether it is the same for every object."""
        return not isinstance(self.operand, Value)

    @property
    def array(self) -> np.ndarray:
        """The array of a constant."""
        assert isinstance(self.operand, np.ndarray)
        return self.operand.reshape(self.shape)

    @property
    def places(self) -> np.ndarray:
        """The place of each element in the flat operand."""
        return np.arange(self.operand.size, dtype=np.int32).reshape(self.shape)


@dataclass(frozen=True)
class Equation:
    """An operation as JAX writes it: `apply` computes it for arrays; shapes and dtypes are those of its outputs."""

    name: str
    parameters: dict[str, Any]
    inputs: list[Shaped]
    outputs: list[tuple[tuple[int, ...], np.dtype]]
    apply: Callable[..., list[Any]]


class Steps(ABC):
    """What a lowering adds steps to."""

    @abstractmethod
    def elementwise(self, name: str, inputs: Sequence[Operand], dtype: np.dtype) -> Operand:
        """A function of each element; one of a single element is repeated."""

    @abstractmethod
    def move(self, inputs: Sequence[Operand], index: np.ndarray) -> Operand:
        """The elements of the joined inputs at these places."""

    @abstractmethod
    def product(self, vector: Operand, matrix: np.ndarray) -> Operand:
        """Each row of the vector times the matrix (row length, columns)."""

    @abstractmethod
    def lookup(self, table: Operand, place: Operand) -> Operand:
        """The elements of the table at places that differ from object to object, and lie within it."""


Lowering = Callable[[Steps, Equation], list[Shaped]]
