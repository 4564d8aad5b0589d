"""Pythia8Source: collisions generated live by Pythia 8."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from flashsim.errors import FlashSimError

from .batch import EventBatch, offsets_from_counts

_SPEED_OF_LIGHT = 299.792458  # mm/ns: Pythia gives times as lengths, c·t
_SEEDS = 900_000_000  # Pythia's seeds are 1 to this
_ATTEMPTS = 20

_ROW = np.dtype(
    [("pid", np.int32), ("status", np.int32), ("stable", np.bool_), ("mother", np.int32)]
    + [(name, np.float64) for name in ("px", "py", "pz", "energy", "mass", "vx", "vy", "vz", "vt")]
)


class Pythia8Source:
    """Events of Pythia 8 with `settings`: lines as ``"SoftQCD:all = on"``, or the path of a ``.cmnd`` file.

    Pythia's random numbers are seeded anew for every event by `seed` and the number of the event, so that an
    event does not depend on those generated before it: any range of events can be made, in any chunks. A
    ``Random:seed`` in the settings has no effect. Every particle of the record is an object, with the columns
    of `read_hepmc` (``status`` in HepMC's convention); ``run`` is as given.
    """

    def __init__(self, settings: Sequence[str] | str | Path, seed: int = 0, run: int = 0) -> None:
        if seed < 0 or run < 0:
            raise FlashSimError(f"Pythia8Source: seed = {seed}, run = {run}: neither can be negative")
        self.run = run
        # A distance of seeds between seeds of ours that no production reaches, coprime with their number.
        self._first_seed = seed * 472_882_027 % _SEEDS
        where, lines = _lines(settings)
        self._pythia = _pythia()
        for line in lines:
            if not self._pythia.readString(line):
                raise FlashSimError(f"{where}: Pythia does not know or accept the setting {line.strip()!r}")
        for line in ("Random:setSeed = on", f"Random:seed = {self._first_seed + 1}"):
            self._pythia.readString(line)
        if not self._pythia.init():
            raise FlashSimError(
                f"{where}: Pythia cannot start with these settings: {', '.join(lines) or 'none'}; "
                "at least one process must be on and the beams be above its threshold"
            )

    def events(self, n_events: int, *, first: int = 0, chunk_events: int = 1000) -> Iterator[EventBatch]:
        """Events `first` to `first` + `n_events`, in batches of `chunk_events` (the last may be smaller)."""
        for start in range(first, first + n_events, chunk_events):
            yield self.batch(start, min(start + chunk_events, first + n_events))

    def batch(self, start: int, stop: int) -> EventBatch:
        """Events `start` to `stop` (not included)."""
        numbers = np.arange(start, stop, dtype=np.int64)
        records = [self._generate(int(number)) for number in numbers]
        rows = np.concatenate(records) if records else np.zeros(0, dtype=_ROW)
        return EventBatch(
            run=np.full(len(numbers), self.run, dtype=np.int64),
            event=numbers,
            offsets=offsets_from_counts(np.array([len(record) for record in records], dtype=np.int64)),
            columns={name: np.ascontiguousarray(rows[name]) for name in _ROW.names or ()},
        )

    def _generate(self, number: int) -> np.ndarray:
        self._pythia.rndm.init((self._first_seed + number) % _SEEDS + 1)
        if not any(self._pythia.next() for _ in range(_ATTEMPTS)):
            raise FlashSimError(f"Pythia failed {_ATTEMPTS} times to generate event {number}; see its messages")
        record = self._pythia.event
        rows = [
            (
                particle.id(),
                particle.statusHepMC(),
                particle.isFinal(),
                particle.mother1() - 1,  # row 0 is Pythia's particle 1; 0 is none
                particle.px(),
                particle.py(),
                particle.pz(),
                particle.e(),
                particle.m(),
                particle.xProd(),
                particle.yProd(),
                particle.zProd(),
                particle.tProd() / _SPEED_OF_LIGHT,
            )
            for particle in (record[index] for index in range(1, record.size()))  # 0 is the whole system
        ]
        return np.array(rows, dtype=_ROW)


def _pythia() -> Any:
    try:
        import pythia8mc
    except ImportError as error:
        raise FlashSimError(
            'live generation needs Pythia 8, which is not installed: pip install "flashsim[pythia]"'
        ) from error
    pythia = pythia8mc.Pythia(xmlDir="", printBanner=False)
    pythia.readString("Print:quiet = on")
    return pythia


def _lines(settings: Sequence[str] | str | Path) -> tuple[str, list[str]]:
    """What to name in errors, and the settings without comments (``!``, ``/* */``) as Pythia reads files."""
    if not isinstance(settings, str | Path):
        return "Pythia settings", list(settings)
    path = Path(settings)
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise FlashSimError(f"{path}: Pythia settings cannot be read ({error})") from error
    lines: list[str] = []
    inside = False
    for line in text.splitlines():
        stripped = line.strip()
        if stripped.startswith("/*"):
            inside = True
        elif stripped.startswith("*/"):
            inside = False
        elif not inside and stripped[:1].isalnum():
            lines.append(stripped)
    return str(path), lines
