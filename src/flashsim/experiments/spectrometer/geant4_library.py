"""The Geant4 of the `geant4-pybind` wheel: its import without questions, and its exported C++ symbols.

The wheel carries no data sets, asks on standard input whether to download them, and has no Python names
for single processes. Its shared library exports the C++ symbols, though, so objects are built by calling
constructors through ctypes. Symbol names and object sizes belong to one wheel: the version is pinned.
"""

import ctypes
import importlib.util
import os
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

from flashsim.errors import FlashSimError

Physics = Literal["data-free", "FTFP_BERT"]

DATA_SETS = (
    "G4NEUTRONHPDATA",
    "G4LEDATA",
    "G4LEVELGAMMADATA",
    "G4RADIOACTIVEDATA",
    "G4PARTICLEXSDATA",
    "G4PIIDATA",
    "G4REALSURFACEDATA",
    "G4SAIDXSDATA",
    "G4ABLADATA",
    "G4INCLDATA",
    "G4ENSDFSTATEDATA",
    "G4CHANNELINGDATA",
)
_NEEDED_BY_FTFP_BERT = (
    "G4LEDATA",
    "G4LEVELGAMMADATA",
    "G4PARTICLEXSDATA",
    "G4SAIDXSDATA",
    "G4ENSDFSTATEDATA",
)
_OBJECT_BYTES = 65536  # more than any object built here occupies
_Pointer = ctypes.c_void_p


def missing_data_sets() -> list[str]:
    """The environment variables that FTFP_BERT needs and that do not name a folder with files in it."""

    def installed(variable: str) -> bool:
        folder = Path(os.environ.get(variable, "") or "/nonexistent")
        return folder.is_dir() and any(folder.iterdir())

    return [variable for variable in _NEEDED_BY_FTFP_BERT if not installed(variable)]


def require_generators(physics: str = "data-free") -> None:
    """Refuse, with the way to mend it, what this machine cannot run."""
    if physics not in ("data-free", "FTFP_BERT"):
        raise FlashSimError(f"physics = {physics!r} is unknown: use 'data-free' or 'FTFP_BERT'")
    absent = [name for name in ("geant4_pybind", "pythia8mc") if importlib.util.find_spec(name) is None]
    if absent:
        raise FlashSimError(
            f'{" and ".join(absent)} not installed; the reference simulation needs it: pip install "flashsim[geant4]"'
        )
    if physics == "FTFP_BERT" and (missing := missing_data_sets()):
        raise FlashSimError(
            "physics = 'FTFP_BERT' needs Geant4's data sets: let "
            f"{', '.join(missing)} name their folders, or use physics = 'data-free'"
        )


def import_geant4(physics: Physics) -> ModuleType:
    """Import the wheel with every data variable set, so that it neither asks nor downloads."""
    require_generators(physics)
    empty = Path(__file__).with_name("no_data_sets")
    os.environ.pop("CI", None)  # on CI the wheel would download without asking
    os.environ.setdefault("GEANT4_DATA_DIR", str(empty))  # stops the question
    if physics == "data-free":
        os.environ["GEANT4_DATA_DIR"] = str(empty)
        os.environ.pop("G4LEDATA", None)  # models that find it named would read from it
        for variable in set(DATA_SETS) - {"G4LEDATA"}:
            os.environ[variable] = str(empty)
    import geant4_pybind

    return geant4_pybind


class Symbols:
    """Constructors and methods of Geant4's C++ classes, by their mangled names."""

    def __init__(self, geant4: ModuleType):
        # PyDLL keeps the interpreter's lock: Geant4 prints through Python streams and crashes without it.
        self._library = ctypes.PyDLL(str(geant4.__file__))
        self._alive: list[Any] = []  # Geant4 keeps pointers into what is passed to it
        self._allocate = ctypes.CDLL(None).calloc
        self._allocate.restype = _Pointer
        self._allocate.argtypes = [ctypes.c_size_t, ctypes.c_size_t]

    def call(self, symbol: str, *arguments: int | str | None, result: Any = None) -> Any:
        """Call a function: int and None pass as pointers or integers, str as a G4String."""
        function = getattr(self._library, symbol)
        function.restype = result
        values = [self._argument(argument) for argument in arguments]
        function.argtypes = [type(value) for value in values]
        return function(*values)

    def allocate(self) -> int:
        """Zeroed memory for an object that lives as long as the process."""
        return self._allocate(1, _OBJECT_BYTES)

    def new(self, class_name: str, signature: str, *arguments: int | str | None) -> int:
        """Construct an object that lives as long as the process; `signature` is the mangled argument list."""
        pointer = self.allocate()
        self.call(f"_ZN{len(class_name)}{class_name}C1E{signature}", pointer, *arguments)
        return pointer

    def particle(self, name: str) -> int:
        """The definition of a particle from the name of its class, as in ``PionPlus``."""
        return self.call(f"_ZN{len(name) + 2}G4{name}{len(name)}{name}Ev", result=_Pointer)

    def integers(self, values: Sequence[int]) -> int:
        """A `std::vector<int>` that lives as long as the process: begin, end, capacity."""
        numbers = (ctypes.c_int * len(values))(*values)
        end = ctypes.addressof(numbers) + ctypes.sizeof(numbers)
        layout = (ctypes.c_uint64 * 3)(ctypes.addressof(numbers), end, end)
        self._alive += [numbers, layout]
        return ctypes.addressof(layout)

    def _argument(self, value: int | str | None) -> Any:
        return self._string(value) if isinstance(value, str) else _Pointer(value)

    def _string(self, text: str) -> Any:
        encoded = text.encode()
        characters = ctypes.create_string_buffer(encoded)
        layout = (ctypes.c_uint64 * 4)(ctypes.addressof(characters), len(encoded), len(encoded), 0)
        self._alive += [characters, layout]  # std::string of libstdc++: pointer, size, capacity
        return ctypes.cast(layout, _Pointer)
