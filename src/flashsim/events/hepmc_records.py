"""Some records of a HepMC file together, whichever its version: tables of particles and vertices, and their links."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int

ENERGY = {"GEV": 1.0, "MEV": 1e-3}
LENGTH = {"MM": 1.0, "CM": 10.0}


@dataclass(frozen=True)
class Records:
    """What a generator wrote of some collisions, in GeV and mm (times as lengths, as HepMC has them).

    Vertices are rows of `position`: first one for each record, which is where its event is and what a particle without
    production vertex comes from; then all others. `entered` and `incoming` say which particles (rows) go into which
    of them, first the one that is a vertex's first.
    """

    particles: Int[np.ndarray, " records"]
    pid: Int[np.ndarray, " particles"]
    status: Int[np.ndarray, " particles"]
    momentum: Float64[np.ndarray, "particles 5"]  # px, py, pz, energy, mass
    production: Int[np.ndarray, " particles"]
    incoming: Int[np.ndarray, " links"]
    entered: Int[np.ndarray, " links"]
    position: Float64[np.ndarray, "vertices 4"]

    @staticmethod
    def joined(several: Sequence["Records"]) -> "Records":
        """All of them, one after the other (at least one)."""
        if len(several) == 1:
            return several[0]
        counts = np.array([[len(one.particles), len(one.pid), len(one.position)] for one in several])
        counts[:, 2] -= counts[:, 0]
        records, particles, vertices = (np.cumsum(counts, axis=0) - counts).T
        vertices += counts[:, 0].sum() - counts[:, 0]

        def numbered(name: str) -> np.ndarray:
            rows = [(k, getattr(one, name), len(one.particles)) for k, one in enumerate(several)]
            return np.concatenate([row + np.where(row < none, records[k], vertices[k]) for k, row, none in rows])

        def together(name: str) -> np.ndarray:
            return np.concatenate([getattr(one, name) for one in several])

        events = [one.position[: len(one.particles)] for one in several]
        others = [one.position[len(one.particles) :] for one in several]
        return Records(
            particles=together("particles"),
            pid=together("pid"),
            status=together("status"),
            momentum=together("momentum"),
            production=numbered("production"),
            incoming=np.concatenate([one.incoming + particles[k] for k, one in enumerate(several)]),
            entered=numbered("entered"),
            position=np.concatenate(events + others),
        )
