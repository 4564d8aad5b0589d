"""What one object goes through, in four kinds of steps on flat vectors: what ONNX and C are written from."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Value:
    """A vector of an object: `size` numbers (float32 or int32) or truth values."""

    size: int
    dtype: np.dtype


Operand = Value | np.ndarray
"""What a step reads: a value, or a flat array that is the same for every object."""


@dataclass(frozen=True, eq=False)
class Elementwise:
    """A function of numbers, applied to each; an operand that is an array may have one element for all."""

    name: str
    inputs: tuple[Operand, ...]
    output: Value


@dataclass(frozen=True, eq=False)
class Move:
    """Elements of the inputs, joined end to end: output i is element ``index[i]``."""

    inputs: tuple[Operand, ...]
    index: np.ndarray
    output: Value


@dataclass(frozen=True, eq=False)
class Product:
    """Each of the rows of the input times one constant matrix (row length, columns)."""

    inputs: tuple[Operand]
    matrix: np.ndarray
    output: Value

    @property
    def rows(self) -> int:
        """Rows of the input, mostly one."""
        return self.output.size // self.matrix.shape[1]


@dataclass(frozen=True, eq=False)
class Lookup:
    """Elements of a table (the first input) at the places (int32, the second), which lie within it."""

    inputs: tuple[Operand, Operand]
    output: Value


Step = Elementwise | Move | Product | Lookup


@dataclass(frozen=True)
class Graph:
    """The steps of one object, in order. Inputs are vectors (float32); so are outputs, or truth values."""

    inputs: tuple[Value, ...]
    steps: tuple[Step, ...]
    outputs: tuple[Value, ...]


def needed(graph: Graph) -> Graph:
    """The same without steps that no output needs."""
    wanted = {id(one) for one in graph.outputs}
    kept: list[Step] = []
    for step in reversed(graph.steps):
        if id(step.output) in wanted:
            kept.append(step)
            wanted |= {id(one) for one in step.inputs}
    return Graph(graph.inputs, tuple(reversed(kept)), graph.outputs)
