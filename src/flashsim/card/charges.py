"""Electric charges by Particle Data Group number, fast enough for millions of objects."""

from functools import cache
from threading import Lock

import numpy as np
from jaxtyping import Float, Shaped
from particle import PDGID, Particle

_DENSE = 10_000  # numbers below this are nearly all that events hold: they are read from one array
_LARGEST = 2**53  # beyond this a float no longer holds every integer


_LOADING = Lock()


def load_particles() -> None:
    """Have particle's table loaded before it is asked, by one thread alone: while one loads it, another one finds it
    empty (particle 1.1), and every particle of a block of simulated events would be neutral and massless.
    """
    _dense_charges()


def _dense_charges() -> Float[np.ndarray, " ids"]:
    """Charges of the particles numbered −9999 to 9999, at index number + 9999; NaN where the table has none."""
    with _LOADING:
        return _loaded_charges()


@cache
def _loaded_charges() -> Float[np.ndarray, " ids"]:
    charges = np.full(2 * _DENSE - 1, np.nan)
    charges[_DENSE - 1] = 0.0  # number 0 is nobody
    for particle in Particle.all():
        if abs(particle.pdgid) < _DENSE and particle.three_charge is not None:
            charges[int(particle.pdgid) + _DENSE - 1] = particle.three_charge / 3
    return charges


@cache
def _one_charge(pid: int) -> float:
    """The charge that the numbering scheme itself encodes, for what no table lists: H⁺, W′, excited states."""
    return (PDGID(pid).three_charge or 0) / 3


def charge(pid: Shaped[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
    """Electric charge in units of e, also of nuclei; 0 for numbers that the Particle Data Group does not know."""
    numbers = np.asarray(pid, dtype=np.float64)
    valid = (np.abs(numbers) < _LARGEST) & (numbers == np.trunc(numbers))
    ids = np.where(valid, numbers, 0.0).astype(np.int64)
    dense = np.abs(ids) < _DENSE
    charges = _dense_charges()[np.where(dense, ids, 0) + _DENSE - 1]
    protons, nucleons = np.abs(ids) // 10_000 % 1000, np.abs(ids) // 10 % 1000
    nuclei = (np.abs(ids) // 100_000_000 == 10) & (nucleons >= protons) & (nucleons > 0)  # ±10LZZZAAAI
    charges = np.where(dense, charges, np.where(nuclei, np.sign(ids) * protons, np.nan))
    unlisted = np.isnan(charges)
    if unlisted.any():
        rest, inverse = np.unique(ids[unlisted], return_inverse=True)
        charges[unlisted] = np.array([_one_charge(int(one)) for one in rest])[inverse]
    return charges
