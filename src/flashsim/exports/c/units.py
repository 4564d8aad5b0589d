"""The steps of a graph as units of C: elementwise steps that follow each other share one loop."""

from dataclasses import dataclass

import numpy as np

from flashsim.exports.graph import Elementwise, Graph, Lookup, Move, Operand, Product, Step, Value


@dataclass(frozen=True)
class Unit:
    """What becomes one loop, or one call: one step, or elementwise steps of the same size."""

    steps: tuple[Step, ...]

    @property
    def made(self) -> list[Value]:
        """What it makes."""
        return [step.output for step in self.steps]


@dataclass(frozen=True)
class View:
    """A value that lies within another one, from its element `start`."""

    base: Value
    start: int


@dataclass(frozen=True)
class Plan:
    """The units in order; values that are views of others; where the stored ones lie (elements of one object).

    What is in neither `views` nor `places` lives within one loop. Truth values are stored as whole numbers.
    """

    units: tuple[Unit, ...]
    views: dict[Value, View]
    places: dict[Value, int]
    numbers: int
    wholes: int


def plan(graph: Graph) -> Plan:
    """Units, views and places of a graph; a place is used again when nobody reads what lies there any more."""
    views: dict[Value, View] = {}
    units: list[list[Step]] = []
    for step in graph.steps:
        if isinstance(step, Move) and (view := _view(step, views)) is not None:
            views[step.output] = view
        elif isinstance(step, Elementwise) and units and _joins(step, units[-1]):
            units[-1].append(step)
        else:
            units.append([step])
    last: dict[Value, int] = {}
    first: dict[Value, int] = dict.fromkeys(graph.inputs, -1)
    inside: set[Value] = set()
    for number, steps in enumerate(units):
        for step in steps:
            first[step.output] = number
            for operand in step.inputs:
                if isinstance(operand, Value):
                    last[_base(operand, views)] = number
                    if operand in views or first[operand] != number:
                        inside.add(_base(operand, views))
    for output in graph.outputs:
        last[_base(output, views)] = len(units)
        inside.add(_base(output, views))
    # An operand of a loop that the same loop makes needs no place, unless somebody reads it later.
    stored = [value for value in first if value in inside or value in graph.inputs]
    places, sizes = _places(stored, first, last)
    return Plan(tuple(Unit(tuple(steps)) for steps in units), views, places, *sizes)


def _view(step: Move, views: dict[Value, View]) -> View | None:
    (source, *others) = step.inputs
    if others or not isinstance(source, Value) or np.any(np.diff(step.index) != 1):
        return None
    known = views.get(source, View(source, 0))
    return View(known.base, known.start + int(step.index[0]))


def _joins(step: Elementwise, unit: list[Step]) -> bool:
    return isinstance(unit[-1], Elementwise) and unit[-1].output.size == step.output.size


def _base(value: Value, views: dict[Value, View]) -> Value:
    return views[value].base if value in views else value


def _places(
    stored: list[Value], first: dict[Value, int], last: dict[Value, int]
) -> tuple[dict[Value, int], tuple[int, int]]:
    """First fit: the lowest place that nothing occupies from the unit that makes a value to its last reader."""
    places: dict[Value, int] = {}
    sizes = {True: 1, False: 1}
    for value in sorted(stored, key=lambda one: first[one]):
        is_number = value.dtype == np.float32
        alive = sorted(
            (places[other], other.size)
            for other in places
            if (other.dtype == np.float32) == is_number and last.get(other, first[other]) >= first[value]
        )
        place = 0
        for start, size in alive:
            if place + value.size <= start:
                break
            place = max(place, start + size)
        places[value] = place
        sizes[is_number] = max(sizes[is_number], place + value.size)
    return places, (sizes[True], sizes[False])


__all__ = ["Lookup", "Operand", "Plan", "Product", "Unit", "View", "plan"]
