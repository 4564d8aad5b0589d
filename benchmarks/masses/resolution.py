"""Efficiency, mean and width of a mass peak, in full and flash simulation of the same events."""

from dataclasses import dataclass

import numpy as np

from .candidates import Candidates

WINDOW = 5.0  # widths of full simulation about its median in which the mean is taken
SIGMA = (0.158655, 0.841345)
REPLICAS = 200


@dataclass(frozen=True)
class Peak:
    """What one sample says, with weights by event."""

    efficiency: float
    mean: float  # GeV
    width: float  # GeV, half of the central interval that holds 68.3 %


@dataclass(frozen=True)
class Compared:
    """Flash over full simulation, each number with its standard error (bootstrap by generated event)."""

    decays: int
    candidates: int
    full: Peak
    flash: Peak
    shift: tuple[float, float]  # of the mean, in widths
    width: tuple[float, float]  # ratio
    efficiency: tuple[float, float]  # ratio
    outside: float  # share of flash candidates outside the training range

    @property
    def verdicts(self) -> dict[str, bool]:
        """The criteria: mean within 0.2 widths, width within 3 %, efficiency within two standard errors."""
        return {
            "mean": abs(self.shift[0]) < 0.2,
            "width": abs(self.width[0] - 1) < 0.03,
            "efficiency": abs(self.efficiency[0] - 1) < 2 * self.efficiency[1],
        }


def compare(full: Candidates, flash: Candidates, seed: int = 0) -> Compared:
    """Full and flash candidates of one kind; an event of either counts in a replica as often as in the other.

    The errors are those of both samples together, and not those of the sample that the release was trained on.
    """
    events = np.unique(np.concatenate([full.event, flash.event]))
    places = [np.searchsorted(events, sample.event) for sample in (full, flash)]
    middle = float(np.median(full.mass[full.measured]))
    window = middle, WINDOW * _half_interval(np.sort(full.mass[full.measured]), None)
    peaks = [_peak(sample, window, None) for sample in (full, flash)]
    random = np.random.default_rng(seed)
    replicas = []
    for _ in range(REPLICAS):
        weight = random.poisson(1.0, len(events)).astype(np.float64)
        again = [_peak(sample, window, weight[place]) for sample, place in zip((full, flash), places, strict=True)]
        replicas.append(_numbers(*again))
    errors = np.std(replicas, axis=0, ddof=1)
    shift, width, efficiency = zip(_numbers(*peaks), map(float, errors), strict=True)
    return Compared(
        decays=len(full.event),
        candidates=int(full.measured.sum()),
        full=peaks[0],
        flash=peaks[1],
        shift=shift,
        width=width,
        efficiency=efficiency,
        outside=float(flash.outside[flash.measured].mean()),
    )


def _numbers(full: Peak, flash: Peak) -> tuple[float, float, float]:
    return (flash.mean - full.mean) / full.width, flash.width / full.width, flash.efficiency / full.efficiency


def _peak(sample: Candidates, window: tuple[float, float], weight: np.ndarray | None) -> Peak:
    weight = np.ones(len(sample.event)) if weight is None else weight
    measured = sample.measured
    order = np.argsort(sample.mass[measured])
    mass, inside = sample.mass[measured][order], weight[measured][order]
    near = np.abs(mass - window[0]) < window[1]
    return Peak(
        efficiency=float(inside.sum() / weight.sum()),
        mean=float(np.average(mass[near], weights=inside[near])),
        width=_half_interval(mass, inside),
    )


def _half_interval(ordered: np.ndarray, weight: np.ndarray | None) -> float:
    cumulative = np.cumsum(np.ones(len(ordered)) if weight is None else weight)
    low, high = np.interp(np.array(SIGMA) * cumulative[-1], cumulative, ordered)
    return float(high - low) / 2
