"""Counts of every class in bins of one or two variables, of both samples and as predicted."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int64, Shaped

from flashsim.validation.coding.binning import SPECIES
from flashsim.validation.coding.frame import Frame, Side, per_group
from flashsim.validation.statistics import GROUPS
from flashsim.validation.views import StageView


@dataclass
class Counts:
    """One sample's sums of weights, of squared weights and of weights of each class, per species and cell."""

    total: Float[np.ndarray, "species cells"]
    squares: Float[np.ndarray, "species cells"]
    passed: Float[np.ndarray, "species cells classes"]


class MapSums:
    """Counts of a category stage in bins of some axes.

    The last species holds whatever is none of those that the frame knows. Per group of events only the sums over
    species are kept.
    """

    def __init__(self, frame: Frame, axes: list[str]) -> None:
        self.view, self.axes, self.species = frame.view, axes, frame.species
        self.edges = [frame.axes[axis] for axis in axes]
        self.shape = tuple(len(edge) - 1 for edge in self.edges)
        self.classes = list(frame.view.classes)
        self.cells = int(np.prod(self.shape))
        rows, classes = len(self.species) + 1, len(self.classes)
        self.counts = [
            Counts(np.zeros((rows, self.cells)), np.zeros((rows, self.cells)), np.zeros((rows, self.cells, classes)))
            for _ in range(2)
        ]
        self.grouped_total = np.zeros((2, GROUPS, self.cells))
        self.grouped_passed = np.zeros((2, GROUPS, self.cells, classes))
        self.predicted = None if frame.view.probability is None else np.zeros((rows, self.cells, classes, 2))

    def judged(self, value: int) -> bool:
        """Of two classes the second says everything; with more, all are judged."""
        return len(self.classes) != 2 or value == self.classes[1]

    def add(self, block: StageView, both: tuple[Side, Side]) -> None:
        """Count the rows of a block."""
        self._see_classes(block, both)
        classes, rows = len(self.classes), len(self.species) + 1
        for k, side in enumerate(both):
            cell = np.ravel_multi_index([side.bins[axis] for axis in self.axes], self.shape)
            place = self._species_of(side) * self.cells + cell
            index = class_index(side.table.columns[block.outputs[0]], self.classes)
            known = side.weight * (index >= 0)
            index = np.maximum(index, 0)
            counts, size = self.counts[k], rows * self.cells
            counts.total += np.bincount(place, side.weight, size).reshape(rows, -1)
            counts.squares += np.bincount(place, side.weight**2, size).reshape(rows, -1)
            counts.passed += np.bincount(place * classes + index, known, size * classes).reshape(rows, -1, classes)
            self.grouped_total[k] += per_group(side.group, cell, side.weight, self.cells)
            passed = per_group(side.group, cell * classes + index, known, self.cells * classes)
            self.grouped_passed[k] += passed.reshape(GROUPS, -1, classes)
            if k == 0 and self.predicted is not None and block.probability is not None:
                for position in range(classes):
                    probability = block.probability[:, position].astype(np.float64)
                    fillings = side.weight * probability, side.weight**2 * probability * (1 - probability)
                    for which, filling in enumerate(fillings):
                        filled = np.bincount(place, filling, size).reshape(rows, -1)
                        self.predicted[:, :, position, which] += filled

    def _see_classes(self, block: StageView, both: tuple[Side, Side]) -> None:
        if block.probability is None:
            self.classes = with_new_classes(self.classes, *(side.table.columns[block.outputs[0]] for side in both))
            self.grouped_passed = grown(self.grouped_passed, len(self.classes))
            for counts in self.counts:
                counts.passed = grown(counts.passed, len(self.classes))

    def _species_of(self, side: Side) -> Int64[np.ndarray, " n"]:
        if not self.species:
            return np.zeros(len(side.table), dtype=np.int64)
        return _position(side.table.binning[SPECIES], self.species, len(self.species))


def with_new_classes(classes: list[int], *columns: Shaped[np.ndarray, " _"]) -> list[int]:
    """The classes, and after them those that were not seen before; where probabilities fix them there are none."""
    found = np.unique(np.concatenate(columns))
    return classes + [int(value) for value in found[~np.isin(found, classes)] if value == np.rint(value)]


def grown(sums: Shaped[np.ndarray, "..."], classes: int) -> Shaped[np.ndarray, "..."]:
    """Sums with so many classes in the last axis, zero for new ones."""
    return np.pad(sums, [(0, 0)] * (sums.ndim - 1) + [(0, classes - sums.shape[-1])])


def class_index(values: Shaped[np.ndarray, " n"], classes: list[int]) -> Int64[np.ndarray, " n"]:
    """The position of every value among the classes, -1 for one that is none of them."""
    return _position(values, classes, -1)


def _position(values: Shaped[np.ndarray, " n"], known: list[int], otherwise: int) -> Int64[np.ndarray, " n"]:
    order = np.argsort(known)
    ordered = np.asarray(known)[order]
    place = np.clip(np.searchsorted(ordered, values), 0, len(known) - 1)
    return np.where(ordered[place] == values, order[place], otherwise)
