"""Units of columns: FlashSim computes in GeV, mm, ns, tesla and radians, and converts at the edges."""

import re
from types import MappingProxyType

import hepunits as hep

from flashsim.errors import FlashSimError, nearest

# hepunits counts in MeV, mm, ns and a tesla of 0.001: each unit is divided by the internal one of its kind.
UNITS = MappingProxyType(
    {name: getattr(hep, name) / hep.GeV for name in ("eV", "keV", "MeV", "GeV", "TeV", "PeV")}
    | {name: getattr(hep, name) / hep.mm for name in ("mm", "cm", "km")}
    | {"m": hep.meter / hep.mm, "um": hep.micrometer / hep.mm, "nm": hep.nanometer / hep.mm}
    | {"s": hep.second / hep.ns, "ms": hep.ms / hep.ns, "us": hep.us / hep.ns, "ns": 1.0}
    | {"ps": hep.ps / hep.ns, "fs": hep.fs / hep.ns}
    | {"rad": 1.0, "mrad": hep.mrad, "deg": hep.deg}
    | {"tesla": 1.0, "T": 1.0, "gauss": hep.gauss / hep.tesla, "kG": hep.kG / hep.tesla}
)
MAX_LENGTH = 80
MAX_POWER = 9
_TERM = re.compile(r"(1|[A-Za-z]+)(?:\^([+-]?[0-9]{1,2}))?")


def factor(unit: str) -> float:
    """What a value in `unit` is multiplied by to be in internal units: ``factor("MeV") == 0.001``.

    A unit is a product or quotient of names and their whole powers, as ``mm^2``, ``1/GeV`` or
    ``mm*mrad``; an empty text means a number without dimension.
    """
    if not unit.strip():
        return 1.0
    if len(unit) > MAX_LENGTH:
        raise FlashSimError(f"unit of {len(unit)} characters, at most {MAX_LENGTH} are allowed")
    result = 1.0
    for index, part in enumerate(re.split(r"([*/])", unit)):
        if index % 2 == 0:
            divide = index > 0 and re.split(r"([*/])", unit)[index - 1] == "/"
            value = _term(part.strip(), unit)
            result = result / value if divide else result * value
    return result


def _term(term: str, unit: str) -> float:
    match = _TERM.fullmatch(term)
    if match is None:
        raise FlashSimError(
            f"cannot read the unit {unit!r}: {term!r} is neither a name, a power as mm^2, nor 1; "
            "write products as 'mm*mrad', quotients as '1/GeV', and '' for no unit"
        )
    name, power = match[1], int(match[2] or 1)
    if abs(power) > MAX_POWER:
        raise FlashSimError(f"unit {unit!r}: powers go up to {MAX_POWER}")
    if name == "c":
        raise FlashSimError(f"unit {unit!r}: here c = 1, so that momenta and masses are in 'GeV' or 'MeV'")
    if name != "1" and name not in UNITS:
        raise FlashSimError(f"unknown unit {name!r}{nearest(name, UNITS)}; known are {', '.join(UNITS)}")
    return 1.0 if name == "1" else UNITS[name] ** power


_INTERNAL = {
    "GeV": ("eV", "keV", "MeV", "TeV", "PeV"),
    "mm": ("cm", "km", "m", "um", "nm"),
    "ns": ("s", "ms", "us", "ps", "fs"),
    "rad": ("mrad", "deg"),
    "tesla": ("T", "gauss", "kG"),
}
_INTERNAL_OF = {name: internal for internal, names in _INTERNAL.items() for name in names}


def internal_unit(unit: str) -> str:
    """The unit of a value that `factor` has converted: ``internal_unit("1/MeV") == "1/GeV"``."""
    return re.sub(r"[A-Za-z]+", lambda match: _INTERNAL_OF.get(match[0], match[0]), unit)
