"""What an experiment may add to the spectrometer's planes: volumes, and a record of what happens in them."""

from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any, Protocol, runtime_checkable

from flashsim.experiments.spectrometer.records import Primaries

Slab = tuple[Any, float, float]
"""A slab of the dipole's field: its logical volume, and where along z (mm) it begins and ends."""


@runtime_checkable
class Apparatus(Protocol):
    """Detectors around the planes, and what is kept of the particles in them.

    Geant4 is started once a process, so an apparatus lives as long as its process and is emptied by `begin`.
    """

    world: tuple[float, float]
    """Half width and half length (mm) of a world that holds everything."""

    def begin(self, primaries: Primaries, row_of: Callable[[int], int]) -> None:
        """Forget what was kept: other events follow.

        `row_of` tells of a track of the running event from which row of the primaries it stems.
        """
        ...

    def construct(
        self,
        geant4: ModuleType,
        box: Callable[[str, tuple[float, float, float], Any], Any],
        place: Callable[[Any, float, Any, int], Any],
        world: Any,
        slabs: Sequence[Slab],
    ) -> None:
        """Place volumes in the world, or in the slabs of the field that reach over all of it up to there.

        `box(name, half lengths, material)` makes a logical volume, `place(volume, z, mother, number)` places it.
        """
        ...

    def detectors(self, geant4: ModuleType) -> dict[str, Any]:
        """Sensitive detectors by the name of the volumes that they belong to."""
        ...

    def processes(self, geant4: ModuleType, add: Callable[[str, str], None]) -> None:
        """Physics beside that of the planes: `add(class, name)` gives a process to all charged particles."""
        ...

    def keeps(self, track: Any, pid: int) -> bool:
        """Whether a new secondary is followed."""
        ...
