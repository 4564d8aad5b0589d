"""Numbers of whole events: the density of pile-up, and missing momentum with and without PUPPI."""

import numpy as np
from jaxtyping import Float64, Int64
from scipy.special import erf

from flashsim.experiments.cms_nanoaod.candidates import Candidates
from flashsim.experiments.cms_nanoaod.particles import TRACKER_ETA
from flashsim.experiments.cms_nanoaod.towers import COLUMNS, ROWS, WIDTH, column_of, row_of

_GRID = 18, 11  # cells of about 0.55 in η (|η| < 5) and φ
_CONE = 0.4
_CLOSEST = 0.5 * WIDTH
_LEAST = {"central": (0.2, 0.010), "forward": (1.0, 0.040)}  # GeV, and GeV a vertex: fixed by hand, as in CMS


def density(candidates: Candidates, events: int) -> Float64[np.ndarray, " events"]:
    """ρ (GeV per unit of η and φ): the median over a grid, charged pile-up included (fixedGridRhoFastjetAll)."""
    row = np.floor((candidates.eta + 5) / 10 * _GRID[0]).astype(np.int64)
    column = np.floor((candidates.phi + np.pi) / (2 * np.pi) * _GRID[1]).astype(np.int64) % _GRID[1]
    inside = (row >= 0) & (row < _GRID[0])
    place = (candidates.event * _GRID[0] + row) * _GRID[1] + column
    size = events * _GRID[0] * _GRID[1]
    sums = np.bincount(place[inside], candidates.pt[inside], size).reshape(events, -1)
    return np.median(sums, axis=1) / (10 / _GRID[0] * 2 * np.pi / _GRID[1])


def missing(
    candidates: Candidates, weight: Float64[np.ndarray, " n"], events: int
) -> tuple[Float64[np.ndarray, " events"], Float64[np.ndarray, " events"], Float64[np.ndarray, " events"]]:
    """pt and φ of minus the sum of the weighted candidates, and their scalar sum."""
    px = -np.bincount(candidates.event, weight * candidates.pt * np.cos(candidates.phi), events)
    py = -np.bincount(candidates.event, weight * candidates.pt * np.sin(candidates.phi), events)
    return np.hypot(px, py), np.arctan2(py, px), np.bincount(candidates.event, weight * candidates.pt, events)


def puppi(candidates: Candidates, vertices: Int64[np.ndarray, " events"], events: int) -> Float64[np.ndarray, " n"]:
    """Weights of PUPPI (arXiv:1407.6013): charged candidates have 1 or 0, neutral ones by what is around them.

    α = log Σ (pt/ΔR)² over charged candidates of the main vertex within 0.4, beyond the tracker over all; a weight is
    the χ² probability of being so far above the median of charged pile-up (of all, beyond the tracker). Sums run over
    towers.
    """
    tower = row_of(candidates.eta) * COLUMNS + column_of(candidates.phi)
    charged = candidates.charge != 0
    central = np.abs(candidates.eta) < TRACKER_ETA
    weight = candidates.main.astype(np.float64)
    for name, counted, references, judged in (
        ("central", charged & candidates.main, charged & ~candidates.main, ~charged & central),
        ("forward", candidates.main, ~central, ~central),
    ):
        alpha = _alpha(candidates, tower, counted, events)
        middle, width = _pile_up_of(alpha, references, candidates.event, events)
        above = (alpha - middle[candidates.event]) / width[candidates.event]
        probability = _normal_within(above)
        base, slope = _LEAST[name]
        least = base + slope * vertices[candidates.event]
        new = np.where((above > 0) & (probability * candidates.pt > least), probability, 0.0)
        weight = np.where(judged, new, weight)
    return weight


def _alpha(
    candidates: Candidates, tower: Int64[np.ndarray, " n"], counted: np.ndarray, events: int
) -> Float64[np.ndarray, " n"]:
    """α at the tower of each candidate, without the candidate itself; -inf where there is nobody."""
    place = candidates.event * (ROWS * COLUMNS) + tower
    square = np.bincount(place[counted], candidates.pt[counted] ** 2, events * ROWS * COLUMNS)
    reach = int(_CONE / WIDTH)
    steps = np.arange(-reach, reach + 1)
    distance = np.hypot(steps[:, None] * WIDTH, steps * WIDTH)
    kernel = np.where(distance < _CONE, 1 / np.maximum(distance, _CLOSEST) ** 2, 0.0)
    padded = np.zeros((ROWS + 2 * reach, COLUMNS))
    padded[: len(steps), : len(steps)] = kernel
    turned = np.roll(padded, (-reach, -reach), axis=(0, 1))
    wide = np.zeros((events, ROWS + 2 * reach, COLUMNS))
    wide[:, :ROWS] = square.reshape(events, ROWS, COLUMNS)
    around = np.fft.irfft2(np.fft.rfft2(wide) * np.fft.rfft2(turned), s=wide.shape[1:])[:, :ROWS].ravel()
    own = np.where(counted, candidates.pt**2 / _CLOSEST**2, 0.0)
    left = around[place] - own
    return np.log(np.where(left > 1e-3, left, 1e-300))


def _pile_up_of(
    alpha: Float64[np.ndarray, " n"], references: np.ndarray, event: Int64[np.ndarray, " n"], events: int
) -> tuple[Float64[np.ndarray, " events"], Float64[np.ndarray, " events"]]:
    """Median of α and the root mean square below it, of each event's references that have any neighbour."""
    middle, width = np.zeros(events), np.ones(events)
    chosen = np.flatnonzero(references & (alpha > -50))
    edges = np.searchsorted(event[chosen], np.arange(events + 1))
    for number in np.flatnonzero(np.diff(edges) > 2):
        values = alpha[chosen[edges[number] : edges[number + 1]]]
        middle[number] = np.median(values)
        below = values[values <= middle[number]] - middle[number]
        width[number] = max(float(np.sqrt(np.mean(below**2))), 0.1)
    return middle, width


def _normal_within(sigmas: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
    return np.clip(erf(np.clip(sigmas, 0, 8) / np.sqrt(2)), 0.0, 1.0)
