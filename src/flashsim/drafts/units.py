"""In which unit a column is, when its file does not say: by its name, and by how large momenta are."""

from collections.abc import Iterable

import numpy as np
from jaxtyping import Shaped

from flashsim.drafts.names import words_of

MOMENTA = {"px", "py", "pz", "pt", "p", "e", "et", "energy", "m", "mass", "momentum", "msoftdrop", "ht", "met"}
LENGTHS = {"x", "y", "z", "vx", "vy", "vz", "pvx", "pvy", "pvz", "d", "dxy", "dz", "ip", "vertex", "vtx"}
TIMES = {"t", "vt", "time"}
ANGLES = {"phi", "theta", "dphi", "azimuth"}
LARGEST_IN_GEV = 2000.0


def quantity(name: str) -> str:
    """``momentum``, ``length``, ``time``, ``angle``, or empty: by the last word of a name that is one of them.

    What is measured in something else, as errors and significances are, is not told apart from it by its name.
    """
    for word in reversed(words_of(name)):
        for kind, words in (("momentum", MOMENTA), ("angle", ANGLES), ("length", LENGTHS), ("time", TIMES)):
            if word in words:
                return kind
    return ""


def momentum_unit(momenta: Iterable[Shaped[np.ndarray, " n"]]) -> str:
    """``MeV`` if the typical momentum would be thousands of GeV, else ``GeV``."""
    medians = [float(np.median(np.abs(values))) for values in momenta if len(values)]
    return "MeV" if medians and np.median(medians) > LARGEST_IN_GEV else "GeV"


def unit_of(name: str, values: Shaped[np.ndarray, " n"], momentum: str) -> str:
    """The unit of a column by its name; of whole numbers none, and degrees where an angle is larger than a turn."""
    if values.dtype.kind != "f":
        return ""
    match quantity(name):
        case "momentum":
            return momentum
        case "length":
            return "mm"
        case "time":
            return "ns"
        case "angle":
            return "deg" if len(values) and float(np.abs(values).max()) > 2 * np.pi + 1e-3 else "rad"
    return ""
