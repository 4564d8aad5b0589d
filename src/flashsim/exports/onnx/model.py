"""Write a function as a model of ONNX: every value is a table (objects, elements)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from flashsim.errors import FlashSimError
from flashsim.exports.expansions import WITHOUT_LIBRARY
from flashsim.exports.functions import Exported
from flashsim.exports.graph import Elementwise, Lookup, Move, Operand, Product, Step, Value
from flashsim.exports.onnx.elementwise import OPERATORS, nodes
from flashsim.exports.trace import trace

OPSET = 17
FORMAT_VERSION = 8


def write_onnx(exported: Exported, about: dict[str, str], folder: Path) -> Path:
    """Write ``<name>.onnx``; `about` is kept as the model's metadata.

    Raises FlashSimError when the extra is not installed, or for an operation that it does not know.
    """
    onnx = _library()
    graph = trace(exported.function, list(exported.inputs.values()), WITHOUT_LIBRARY)
    model = _Model(onnx)
    for name, value in zip(exported.inputs, graph.inputs, strict=True):
        model.names[value] = name
    for step in graph.steps:
        model.add(step)
    for (name, width), value in zip(exported.outputs.items(), graph.outputs, strict=True):
        model.output(name, value, is_flag=width == 0)
    info = onnx.helper.make_tensor_value_info
    kinds = {np.dtype(np.float32): onnx.TensorProto.FLOAT, np.dtype(bool): onnx.TensorProto.BOOL}
    inputs = [info(name, onnx.TensorProto.FLOAT, ["objects", width]) for name, width in exported.inputs.items()]
    outputs = [
        info(name, kinds[value.dtype], ["objects", width] if width else ["objects"])
        for (name, width), value in zip(exported.outputs.items(), graph.outputs, strict=True)
    ]
    body = onnx.helper.make_graph(model.nodes, exported.name, inputs, outputs, model.constants)
    made = onnx.helper.make_model(
        body,
        opset_imports=[onnx.helper.make_opsetid("", OPSET)],
        ir_version=FORMAT_VERSION,
        producer_name="flashsim",
    )
    onnx.helper.set_model_props(made, about)
    onnx.checker.check_model(made)
    file = folder / f"{exported.name}.onnx"
    file.write_bytes(made.SerializeToString(deterministic=True))
    return file


def _library() -> Any:
    try:
        import onnx
        import onnx.checker
        import onnx.helper
        import onnx.numpy_helper
    except ImportError:
        raise FlashSimError("export to onnx needs a package that is missing: pip install 'flashsim[onnx]'") from None
    return onnx


@dataclass
class _Model:
    """Nodes and constants so far, and the name of each value."""

    onnx: Any
    names: dict[Value, str] = field(default_factory=dict)
    nodes: list[Any] = field(default_factory=list)
    constants: list[Any] = field(default_factory=list)
    known: dict[tuple[Any, ...], str] = field(default_factory=dict)

    def add(self, step: Step) -> None:
        match step:
            case Elementwise():
                self._elementwise(step)
            case Move():
                self._move(step)
            case Product():
                self._product(step)
            case Lookup():
                self._lookup(step)

    def output(self, name: str, value: Value, *, is_flag: bool) -> None:
        if is_flag:
            self._node("Squeeze", [self.names[value], self._constant(np.array([1], np.int64))], name)
        else:
            self._node("Identity", [self.names[value]], name)

    def _elementwise(self, step: Elementwise) -> None:
        reads = [self._read(one) for one in step.inputs]
        self.names[step.output] = nodes(step, reads, self._node, lambda array: self._constant(array))

    def _move(self, step: Move) -> None:
        joined = self._joined(step.inputs)
        size, index = sum(one.size for one in step.inputs), step.index
        if np.array_equal(index, np.arange(size)):
            self.names[step.output] = joined
        elif np.all(np.diff(index) == 1):
            bounds = [self._constant(np.array([end], np.int64)) for end in (index[0], index[-1] + 1, 1)]
            self.names[step.output] = self._node("Slice", [joined, *bounds])
        else:
            self.names[step.output] = self._node("Gather", [joined, self._constant(index.astype(np.int64))], axis=1)

    def _joined(self, inputs: Sequence[Operand]) -> str:
        if len(inputs) == 1:
            return self._read(inputs[0])
        objects = next(self.names[one] for one in inputs if isinstance(one, Value))
        parts = [self.names[one] if isinstance(one, Value) else self._repeated(one, objects) for one in inputs]
        return self._node("Concat", parts, axis=1)

    def _repeated(self, array: np.ndarray, like: str) -> str:
        """A constant as a row for each object."""
        shape = self._node("Shape", [like], start=0, end=1)
        width = self._constant(np.array([array.size], np.int64))
        return self._node("Expand", [self._read(array), self._node("Concat", [shape, width], axis=0)])

    def _product(self, step: Product) -> None:
        (vector,) = step.inputs
        length, columns = step.matrix.shape
        read, matrix = self._read(vector), self._constant(step.matrix)
        if step.rows == 1:
            self.names[step.output] = self._node("MatMul", [read, matrix])
            return
        rows = self._node("Reshape", [read, self._constant(np.array([-1, length], np.int64))])
        product = self._node("MatMul", [rows, matrix])
        width = self._constant(np.array([-1, step.rows * columns], np.int64))
        self.names[step.output] = self._node("Reshape", [product, width])

    def _lookup(self, step: Lookup) -> None:
        table, place = step.inputs
        if isinstance(table, Value):
            found = self._node("GatherElements", [self._read(table), self._read(place)], axis=1)
        else:
            found = self._node("Gather", [self._constant(table), self._read(place)], axis=0)
        self.names[step.output] = found

    def _read(self, operand: Operand) -> str:
        return self.names[operand] if isinstance(operand, Value) else self._constant(operand[None])

    def _constant(self, array: np.ndarray) -> str:
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self.known:
            self.known[key] = f"c{len(self.known)}"
            self.constants.append(self.onnx.numpy_helper.from_array(np.ascontiguousarray(array), self.known[key]))
        return self.known[key]

    def _node(self, operator: str, inputs: Sequence[str], output: str | None = None, **attributes: Any) -> str:
        output = output or f"v{len(self.nodes)}"
        self.nodes.append(self.onnx.helper.make_node(operator, list(inputs), [output], **attributes))
        return output


__all__ = ["OPERATORS", "write_onnx"]
