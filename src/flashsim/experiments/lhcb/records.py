"""What passes from transport to identification: photons, energies, entries into stations, conversions."""

from dataclasses import dataclass, fields
from typing import TypeVar

import numpy as np
from jaxtyping import Float64, Int64

from flashsim.experiments.spectrometer.records import Rows

_T = TypeVar("_T", bound="_Table")


@dataclass(frozen=True)
class _Table(Rows):
    """Columns of the rows that Geant4's callbacks append; `row` is that of the primary from which all stems."""

    row: Int64[np.ndarray, "n"]

    @classmethod
    def from_rows(cls: type[_T], rows: list[tuple[float, ...]]) -> _T:
        """Columns in the order of the fields."""
        names = [field.name for field in fields(cls)]
        table = np.array(rows, np.float64).reshape(-1, len(names))
        return cls(table[:, 0].astype(np.int64), *table[:, 1:].T.copy())


@dataclass(frozen=True)
class Photons(_Table):
    """Detected Cherenkov photons: where along the beam they are born (mm), and their direction."""

    z: Float64[np.ndarray, "n"]
    x_direction: Float64[np.ndarray, "n"]
    y_direction: Float64[np.ndarray, "n"]
    z_direction: Float64[np.ndarray, "n"]


@dataclass(frozen=True)
class Deposits(_Table):
    """Energy (MeV) left in the calorimeter, and where (mm)."""

    x: Float64[np.ndarray, "n"]
    y: Float64[np.ndarray, "n"]
    energy: Float64[np.ndarray, "n"]


@dataclass(frozen=True)
class MuonHits(_Table):
    """Charged particles that enter a muon station (its number), and where (mm)."""

    station: Float64[np.ndarray, "n"]
    x: Float64[np.ndarray, "n"]
    y: Float64[np.ndarray, "n"]


@dataclass(frozen=True)
class Pairs(_Table):
    """Electrons and positrons that a photon became before the calorimeter: where they are born (mm)."""

    z: Float64[np.ndarray, "n"]
