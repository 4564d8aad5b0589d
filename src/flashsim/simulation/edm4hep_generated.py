"""The generated particles of a block as rows of EDM4hep's MCParticle."""

from functools import lru_cache

import numpy as np
from jaxtyping import Float, Shaped
from particle import InvalidParticle, Particle, ParticleNotFound

from flashsim.card import Card
from flashsim.card.charges import charge, load_particles
from flashsim.card.edm4hep import MCParticleRows
from flashsim.simulation.detector import SimulatedBlock
from flashsim.simulation.edm4hep_rows import Elements, Rows, related
from flashsim.stages import ChosenRows

NO_HELICITY = 9


def generated_particles(card: Card, table: MCParticleRows, simulated: SimulatedBlock) -> Rows:
    """Every generated particle of a block, with its parent and its daughters where the truth has `mother`."""
    batch = simulated.block.batch
    values = ChosenRows(simulated.namespace, np.flatnonzero(simulated.namespace.of("generated")))

    def truth(formula: str | None, name: str) -> Shaped[np.ndarray, " objects"]:
        known = name in card.columns or name in card.derive
        return values.evaluate(formula or (name if known else "0"))

    pid = truth(table.PDG, "pid")
    members = {
        "PDG": pid,
        "generatorStatus": truth(table.generatorStatus, "status"),
        "charge": values.evaluate(table.charge) if table.charge else charge(pid),
        "time": truth(table.time, "vt"),
        "helicity": np.full(batch.n_objects, NO_HELICITY),
    }
    known = table.mass is not None or "mass" in card.columns
    members["mass"] = truth(table.mass, "mass") if known else _masses(pid)
    for member, given, names in (("vertex", table.vertex, "vx vy vz"), ("momentum", table.momentum, "px py pz")):
        for axis, name in zip("xyz", names.split(), strict=True):
            members[f"{member}.{axis}"] = truth(getattr(given, axis, None), name)
    many: dict[str, Elements] = {}
    if "mother" in card.columns:
        mother = truth(None, "mother").astype(np.int64)
        has = (mother >= 0) & (mother < batch.counts[batch.event_index])
        above = (batch.offsets[batch.event_index] + mother)[has]
        order = np.argsort(above, kind="stable")
        children = np.flatnonzero(has)[order]
        ends = np.full(batch.n_objects, -1)
        ends[above[::-1]] = np.flatnonzero(has)[::-1]  # the first daughter is written last
        for axis in "xyz":
            made = members[f"vertex.{axis}"]
            members[f"endpoint.{axis}"] = np.where(ends >= 0, made[ends], 0.0)
        many["parents"] = related("MCParticle", has.astype(np.int64), mother[has])
        counts = np.bincount(above, minlength=batch.n_objects).astype(np.int64)
        many["daughters"] = related("MCParticle", counts, batch.object_index[children])
    return Rows("MCParticle", batch.offsets, members, many=many)


def _masses(pid: Shaped[np.ndarray, " objects"]) -> Float[np.ndarray, " objects"]:
    """Masses (GeV) of Particle Data Group numbers; 0 where it is not known."""
    load_particles()
    numbers, index = np.unique(pid.astype(np.int64), return_inverse=True)
    return np.array([_mass(int(number)) for number in numbers], dtype=np.float64)[index]


@lru_cache(maxsize=4096)
def _mass(number: int) -> float:
    try:
        mass = Particle.from_pdgid(number).mass
    except (ParticleNotFound, InvalidParticle):
        return 0.0
    return 0.0 if mass is None else float(mass) / 1000.0
