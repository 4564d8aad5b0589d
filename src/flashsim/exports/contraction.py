"""Sums and products over an axis, as steps."""

import numpy as np

from flashsim.exports.equation import FLOAT, Equation, Lowering, Shaped, Steps
from flashsim.exports.graph import Operand

JOINS = {"reduce_max": "max", "reduce_min": "min", "reduce_or": "or", "reduce_and": "and", "reduce_prod": "mul"}


def dot_general(steps: Steps, equation: Equation) -> list[Shaped]:
    """A product of matrices: with a constant one at once; of two that differ from object to object, a sum of
    products of elements.
    """
    ((shape, _),) = equation.outputs
    (left_axes, right_axes), (left_batch, right_batch) = equation.parameters["dimension_numbers"]
    left, right = equation.inputs
    if not left_batch and (left.is_constant or right.is_constant):
        return [_by_constant(steps, left, right, tuple(left_axes), tuple(right_axes), shape)]
    left_free = _others(left.shape, (*left_axes, *left_batch))
    right_free = _others(right.shape, (*right_axes, *right_batch))
    # Elements in the order batch, left, right, contracted.
    first = np.transpose(left.places, (*left_batch, *left_free, *left_axes))
    second = np.transpose(right.places, (*right_batch, *right_free, *right_axes))
    b, f, c = len(left_batch), len(left_free), len(left_axes)
    first = np.expand_dims(first, tuple(range(b + f, b + f + len(right_free))))
    second = np.expand_dims(second, tuple(range(b, b + f)))
    full = np.broadcast_shapes(first.shape, second.shape)
    a, z = (
        steps.move([one.operand], np.ravel(np.broadcast_to(places, full)))
        for one, places in ((left, first), (right, second))
    )
    length = int(np.prod(full[len(full) - c :], dtype=int))
    return [Shaped(steps.product(steps.elementwise("mul", [a, z], FLOAT), np.ones((length, 1), np.float32)), shape)]


def _by_constant(
    steps: Steps,
    left: Shaped,
    right: Shaped,
    left_axes: tuple[int, ...],
    right_axes: tuple[int, ...],
    shape: tuple[int, ...],
) -> Shaped:
    varying, axes, constant, constant_axes = (
        (left, left_axes, right, right_axes) if right.is_constant else (right, right_axes, left, left_axes)
    )
    free, constant_free = _others(varying.shape, axes), _others(constant.shape, constant_axes)
    length = int(np.prod([varying.shape[axis] for axis in axes], dtype=int))
    matrix = np.transpose(constant.array, (*constant_axes, *constant_free)).reshape(length, -1)
    ordered = steps.move([varying.operand], np.ravel(np.transpose(varying.places, (*free, *axes))))
    product = Shaped(steps.product(ordered, matrix), (ordered.size // length, matrix.shape[1]))
    if right.is_constant:
        return Shaped(product.operand, shape)
    return Shaped(steps.move([product.operand], np.ravel(product.places.T)), shape)


def reduce_sum(steps: Steps, equation: Equation) -> list[Shaped]:
    """A product with ones."""
    ((shape, _),) = equation.outputs
    last, length = _last(steps, equation.inputs[0], tuple(equation.parameters["axes"]))
    return [Shaped(steps.product(last, np.ones((length, 1), np.float32)), shape)]


def cumsum(steps: Steps, equation: Equation) -> list[Shaped]:
    """A product with a triangle of ones."""
    (value,) = equation.inputs
    axis = equation.parameters["axis"]
    last, length = _last(steps, value, (axis,))
    triangle = np.triu(np.ones((length, length), np.float32))
    triangle = triangle.T if equation.parameters["reverse"] else triangle
    summed = steps.product(last, np.ascontiguousarray(triangle))
    order = np.moveaxis(value.places, axis, -1)
    back = np.moveaxis(np.arange(order.size, dtype=np.int32).reshape(order.shape), -1, axis)
    return [Shaped(steps.move([summed], np.ravel(back)), value.shape)]


def pairwise_reduction(join: str) -> Lowering:
    """Halves joined with each other until one is left."""

    def lower(steps: Steps, equation: Equation) -> list[Shaped]:
        ((shape, dtype),) = equation.outputs
        current, length = _last(steps, equation.inputs[0], tuple(equation.parameters["axes"]))
        while length > 1:
            table = np.arange(current.size, dtype=np.int32).reshape(-1, length)
            half = length // 2
            first, second = (steps.move([current], np.ravel(t)) for t in (table[:, :half], table[:, half : 2 * half]))
            joined = steps.elementwise(join, [first, second], dtype)
            if length % 2:
                places = np.arange(joined.size, dtype=np.int32).reshape(-1, half)
                rest = table[:, -1:] + joined.size
                joined = steps.move([joined, current], np.ravel(np.concatenate([places, rest], axis=1)))
            current, length = joined, half + length % 2
        return [Shaped(current, shape)]

    return lower


def _last(steps: Steps, value: Shaped, axes: tuple[int, ...]) -> tuple[Operand, int]:
    """The elements with these axes last, and how many there are along them."""
    free = _others(value.shape, axes)
    length = int(np.prod([value.shape[axis] for axis in axes], dtype=int))
    return steps.move([value.operand], np.ravel(np.transpose(value.places, (*free, *axes)))), length


def _others(shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(axis for axis in range(len(shape)) if axis not in axes)
