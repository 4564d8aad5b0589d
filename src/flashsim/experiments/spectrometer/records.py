"""What passes between generation, transport and reconstruction: primaries, and the true hits they leave."""

from dataclasses import dataclass, fields
from typing import TypeVar

import numpy as np
from jaxtyping import Float64, Int32, Int64

_R = TypeVar("_R", bound="Rows")


class Rows:
    """Equal-length columns kept in the fields of a frozen dataclass; rows of an event are consecutive."""

    def __len__(self) -> int:
        return len(getattr(self, fields(self)[0].name))  # type: ignore[arg-type]

    def take(self: _R, rows: np.ndarray | slice) -> _R:
        """The same columns at some rows: a mask, or indices in the wanted order."""
        return type(self)(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})  # type: ignore[arg-type]


@dataclass(frozen=True)
class Primaries(Rows):
    """Generated particles that are transported, rounded so that the stored truth is exact (GeV, mm)."""

    event: Int64[np.ndarray, "n"]
    pid: Int32[np.ndarray, "n"]
    px: Float64[np.ndarray, "n"]
    py: Float64[np.ndarray, "n"]
    pz: Float64[np.ndarray, "n"]
    vx: Float64[np.ndarray, "n"]
    vy: Float64[np.ndarray, "n"]
    vz: Float64[np.ndarray, "n"]


@dataclass(frozen=True)
class Hits(Rows):
    """True crossings of measuring planes by charged particles, each given at the plane's middle (mm).

    `primary` is the row in `Primaries` of the particle that made the hit, or -1 if a secondary did;
    `ancestor` is the row of the primary from which that particle stems, itself included.
    """

    event: Int64[np.ndarray, "m"]
    primary: Int64[np.ndarray, "m"]
    ancestor: Int64[np.ndarray, "m"]
    plane: Int32[np.ndarray, "m"]
    x: Float64[np.ndarray, "m"]
    y: Float64[np.ndarray, "m"]
    z: Float64[np.ndarray, "m"]
