"""Look-up at places that differ from object to object, as steps."""

import numpy as np

from flashsim.exports.equation import INTEGER, Equation, Shaped, Steps
from flashsim.exports.graph import Operand


def gather(steps: Steps, equation: Equation) -> list[Shaped]:
    """XLA's gather: for each place a window of the table. Places beyond the table are moved into it."""
    ((shape, _),) = equation.outputs
    table, indices = equation.inputs
    if indices.is_constant:
        (moved,) = equation.apply(table.places, indices.array)
        return [Shaped(steps.move([table.operand], np.ravel(np.asarray(moved))), shape)]
    numbers, sizes = equation.parameters["dimension_numbers"], equation.parameters["slice_sizes"]
    strides = np.cumprod([1, *table.shape[::-1]])[:-1][::-1]
    batch_axes = [axis for axis in range(len(shape)) if axis not in numbers.offset_dims]
    position = np.indices(shape)  # of each output element
    window = [
        d for d in range(len(table.shape)) if d not in (*numbers.collapsed_slice_dims, *numbers.operand_batching_dims)
    ]
    fixed = np.zeros(shape, dtype=np.int32)
    for axis, dimension in zip(numbers.offset_dims, window, strict=True):
        fixed = fixed + position[axis] * strides[dimension]
    for dimension, axis in zip(numbers.operand_batching_dims, numbers.start_indices_batching_dims, strict=True):
        fixed = fixed + position[batch_axes[axis]] * strides[dimension]
    place: Operand | None = np.ravel(fixed).astype(np.int32) if fixed.any() else None
    for number, dimension in enumerate(numbers.start_index_map):
        which = indices.places[(*(position[axis] for axis in batch_axes), number)]
        start = steps.move([indices.operand], np.ravel(which))
        start = steps.elementwise("max", [start, np.zeros(1, np.int32)], INTEGER)
        limit = np.full(1, table.shape[dimension] - sizes[dimension], np.int32)
        start = steps.elementwise("min", [start, limit], INTEGER)
        if strides[dimension] != 1:
            start = steps.elementwise("mul", [start, np.full(1, strides[dimension], np.int32)], INTEGER)
        place = start if place is None else steps.elementwise("add", [place, start], INTEGER)
    assert place is not None  # some index differs from object to object
    return [Shaped(steps.lookup(table.operand, place), shape)]
