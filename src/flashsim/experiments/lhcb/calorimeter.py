"""The calorimeter: energies of cells, and clusters around the cells that have more than their neighbours."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64, Int64

from flashsim.experiments.lhcb.geometry import CALORIMETER
from flashsim.experiments.lhcb.records import Deposits
from flashsim.experiments.spectrometer.records import Primaries, Rows

# A deposit stands for the soft end of a shower, which is wider than the part that was followed: two exponentials in
# the radius, core and halo, as measured in calorimeters of lead (Grindhammer and Peters, hep-ex/0001020, has more).
SPREAD = ((0.8, 9.0), (0.2, 40.0))  # share and mean radius (mm)
PIECES = 3  # parts that a deposit is spread in
SEED = 0.15  # GeV, least energy of a cell that begins a cluster
CONTAINMENT = 0.975  # of a shower's energy in 3 × 3 cells around its middle
SHOWER_DEPTH = (75.0, 18.0)  # mm: depth of the energy's middle, and what each e-fold of energy (GeV) adds
LOGARITHMIC = 4.2  # cells below e^-4.2 of a cluster's energy do not count for its position
COLUMNS = round(2 * CALORIMETER.half_x / CALORIMETER.cell)
ROWS = round(2 * CALORIMETER.half_y / CALORIMETER.cell)


@dataclass(frozen=True)
class Clusters(Rows):
    """Clusters of an event: energy (GeV), where its line crosses the front (mm), and share of its middle cell."""

    energy: Float64[np.ndarray, "n"]
    x: Float64[np.ndarray, "n"]
    y: Float64[np.ndarray, "n"]
    seed_share: Float64[np.ndarray, "n"]
    column: Int64[np.ndarray, "n"]
    row: Int64[np.ndarray, "n"]


def cell_of(x: Float[np.ndarray, "*n"], half: float) -> Int64[np.ndarray, "*n"]:
    """Number of the column (or row) of cells at x (or y)."""
    return np.floor((x + half) / CALORIMETER.cell).astype(np.int64)


def outside(x: Float[np.ndarray, "n"], y: Float[np.ndarray, "n"]) -> np.ndarray:
    """Whether a point is beyond the calorimeter's edge or in its hole."""
    across = np.maximum(np.abs(x), np.abs(y))
    return (np.abs(x) >= CALORIMETER.half_x) | (np.abs(y) >= CALORIMETER.half_y) | (across <= CALORIMETER.hole)


def cells(deposits: Deposits, rows: Int64[np.ndarray, "m"], random: np.random.Generator) -> Float64[np.ndarray, "c r"]:
    """Measured energies (GeV) of the cells of an event, by column and row, with noise in all of them."""
    which = random.random((PIECES, len(rows))) < SPREAD[1][0]
    radius = random.exponential(1.0, which.shape) * np.where(which, SPREAD[1][1], SPREAD[0][1])
    phi = random.uniform(-np.pi, np.pi, which.shape)
    x = (deposits.x[rows] + radius * np.cos(phi)).ravel()
    y = (deposits.y[rows] + radius * np.sin(phi)).ravel()
    energy = np.tile(deposits.energy[rows] / (1e3 * PIECES), PIECES)
    kept = ~outside(x, y)
    grid = np.zeros((COLUMNS, ROWS))
    where = (cell_of(x[kept], CALORIMETER.half_x), cell_of(y[kept], CALORIMETER.half_y))
    np.add.at(grid, where, energy[kept])
    fluctuation = CALORIMETER.sampling * np.sqrt(grid) * random.standard_normal(grid.shape)
    return grid + fluctuation + CALORIMETER.noise * random.standard_normal(grid.shape)


def neighbours(grid: Float[np.ndarray, "c r"]) -> Float64[np.ndarray, "nine c r"]:
    """Each cell with its eight neighbours, itself the fifth; 0 beyond the edge."""
    padded = np.pad(grid, 1)
    c, r = grid.shape
    return np.stack([padded[i : i + c, j : j + r] for i in range(3) for j in range(3)])


def around(grid: Float[np.ndarray, "c r"]) -> Float64[np.ndarray, "c r"]:
    """The energy in 3 × 3 cells around each."""
    return neighbours(grid).sum(axis=0)


def find_clusters(grid: Float[np.ndarray, "c r"]) -> Clusters:
    """Clusters of 3 × 3 cells around local maxima; a cell of several is shared in proportion to their middles."""
    grid = np.where(grid > CALORIMETER.threshold, grid, 0.0)
    nine = neighbours(grid)
    others = np.delete(nine, 4, axis=0)
    column, row = np.nonzero((grid > SEED) & (grid > others.max(axis=0)))
    seeds = np.zeros_like(grid)
    seeds[column, row] = grid[column, row]
    total = around(seeds)
    share = np.divide(1.0, total, out=np.zeros_like(total), where=total > 0)
    energies = neighbours(grid * share)[:, column, row] * grid[column, row]
    measured = energies.sum(axis=0)
    weight = np.maximum(np.log(np.maximum(energies, 1e-9) / measured) + LOGARITHMIC, 0.0)
    energy = measured / CONTAINMENT
    depth = SHOWER_DEPTH[0] + SHOWER_DEPTH[1] * np.log(np.maximum(energy, 0.1))
    back = CALORIMETER.start / (CALORIMETER.start + depth)  # along a line from the interaction
    total = weight.sum(axis=0)

    def on_front(middle: np.ndarray, offset: np.ndarray, half: float) -> np.ndarray:
        mean = (weight * offset[:, None]).sum(axis=0) / total
        return ((middle + 0.5 + mean) * CALORIMETER.cell - half) * back

    x = on_front(column, np.repeat([-1, 0, 1], 3), CALORIMETER.half_x)
    y = on_front(row, np.tile([-1, 0, 1], 3), CALORIMETER.half_y)
    return Clusters(energy, x, y, energies[4] / measured, column.astype(np.int64), row.astype(np.int64))


def energy_around(grid: Float[np.ndarray, "c r"], x: Float[np.ndarray, "n"], y: Float[np.ndarray, "n"]) -> np.ndarray:
    """Energy (GeV) in 3 × 3 cells, and the share of the middle one, around points; (2, n), 0 beyond the edge."""
    away = outside(x, y)
    column = np.where(away, 0, cell_of(x, CALORIMETER.half_x))
    row = np.where(away, 0, cell_of(y, CALORIMETER.half_y))
    sums = around(grid)[column, row]
    middle = np.divide(grid[column, row], sums, out=np.zeros(len(x)), where=sums > 0)
    return np.where(away, 0.0, np.stack([sums / CONTAINMENT, middle]))


def owners(deposits: Deposits, rows: np.ndarray, clusters: Clusters, primaries: Primaries) -> np.ndarray:
    """For each cluster of an event, the row of the primary that left most energy in its 3 × 3 cells, or -1."""
    column = cell_of(deposits.x[rows], CALORIMETER.half_x)
    row = cell_of(deposits.y[rows], CALORIMETER.half_y)
    result = np.full(len(clusters), -1, np.int64)
    for number in range(len(clusters)):
        close = np.abs(column - clusters.column[number]) <= 1
        close &= np.abs(row - clusters.row[number]) <= 1
        if close.any():
            left = np.bincount(deposits.row[rows][close], deposits.energy[rows][close])
            result[number] = int(left.argmax())
    return result
