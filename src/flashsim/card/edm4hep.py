"""`[output.edm4hep]`: which formulas become which members of EDM4hep's types."""

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import Field, model_validator

from flashsim.card.base import CardModel

Formula = Annotated[str, Field(min_length=1)]
Six = Annotated[list[Formula], Field(min_length=6, max_length=6)]
Ten = Annotated[list[Formula], Field(min_length=10, max_length=10)]
Fifteen = Annotated[list[Formula], Field(min_length=15, max_length=15)]


class Vector(CardModel):
    """Three formulas: `momentum = { x = "px", y = "py", z = "pz" }`, or `momentum.x = "px"` and so on."""

    x: Formula = Field(description="Along x.")
    y: Formula = Field(description="Along y.")
    z: Formula = Field(description="Along z.")


class Rows(CardModel):
    """One row for each reconstructed object, or for some of them."""

    where: Formula | None = Field(default=None, description="Which reconstructed objects have one; default: all.")


class TrackRows(Rows):
    """`[output.edm4hep.Track]`: edm4hep::Track, with one edm4hep::TrackState each."""

    type: Formula | None = Field(default=None, description="Type of the track.")
    chi2: Formula | None = Field(default=None, description="χ² of the fit.")
    ndf: Formula | None = Field(default=None, description="Degrees of freedom of the fit.")
    Nholes: Formula | None = Field(default=None, description="Holes on the track.")
    subdetectorHitNumbers: list[Formula] = Field(default_factory=list, description="Hits in each detector.")
    state: Six | None = Field(default=None, description="x, y, z (mm), dx/dz, dy/dz and q/p (1/GeV) of the state.")
    covariance: Fifteen | None = Field(
        default=None, description="Lower triangle, row by row, of the covariance of x, y, dx/dz, dy/dz and q/p."
    )
    location: int = Field(default=0, ge=0, le=5, description="Where the state is: 0 other, 1 IP, 2 first hit, …")
    field: float | None = Field(
        default=None, description="B_z in tesla by which EDM4hep's curvature `omega` stands for q/p."
    )

    @model_validator(mode="after")
    def _together(self) -> "TrackRows":
        if (self.state is None) != (self.field is None) or self.field == 0:
            raise ValueError("state and field (B_z in tesla, not 0) are given together")
        if self.covariance is not None and self.state is None:
            raise ValueError("covariance needs state")
        return self


class ReconstructedParticleRows(Rows):
    """`[output.edm4hep.ReconstructedParticle]`. Left out, momentum, charge and reference point come from the track's
    state, and the energy from momentum and mass.
    """

    PDG: Formula | None = Field(default=None, description="What it is taken for.")
    energy: Formula | None = Field(default=None, description="Energy, in GeV.")
    momentum: Vector | None = Field(default=None, description="Momentum, in GeV.")
    referencePoint: Vector | None = Field(default=None, description="Where it was measured, in mm.")
    charge: Formula | None = Field(default=None, description="Charge.")
    mass: Formula | None = Field(default=None, description="Mass, in GeV.")
    goodnessOfPID: Formula | None = Field(default=None, description="Between 0 and 1.")
    covMatrix: Ten | None = Field(
        default=None, description="Lower triangle of the covariance of px, py, pz and energy."
    )


class ParticleIDRows(Rows):
    """`[output.edm4hep.ParticleID]`, of the reconstructed particle of the same object."""

    type: Formula | None = Field(default=None, description="Type, of your own.")
    PDG: Formula | None = Field(default=None, description="The hypothesis.")
    algorithmType: Formula | None = Field(default=None, description="Algorithm, by a number of your own.")
    likelihood: Formula | None = Field(default=None, description="Likelihood of the hypothesis.")
    parameters: list[Formula] = Field(default_factory=list, description="More numbers.")


class ClusterRows(Rows):
    """`[output.edm4hep.Cluster]`."""

    type: Formula | None = Field(default=None, description="Type of the cluster.")
    energy: Formula | None = Field(default=None, description="Energy, in GeV.")
    energyError: Formula | None = Field(default=None, description="Its error.")
    position: Vector | None = Field(default=None, description="Position, in mm.")
    positionError: Six | None = Field(default=None, description="Lower triangle of the covariance of the position.")
    iTheta: Formula | None = Field(default=None, description="Polar angle of its own direction.")
    iPhi: Formula | None = Field(default=None, description="Azimuth of its own direction.")
    shapeParameters: list[Formula] = Field(default_factory=list, description="Shape.")


class VertexRows(Rows):
    """`[output.edm4hep.Vertex]`."""

    type: Formula | None = Field(default=None, description="Type of the vertex.")
    chi2: Formula | None = Field(default=None, description="χ² of the fit.")
    ndf: Formula | None = Field(default=None, description="Degrees of freedom of the fit.")
    position: Vector | None = Field(default=None, description="Position, in mm.")
    covMatrix: Six | None = Field(default=None, description="Lower triangle of the covariance of the position.")
    algorithmType: Formula | None = Field(default=None, description="Algorithm, by a number of your own.")


class MCParticleRows(CardModel):
    """`[output.edm4hep.MCParticle]`, one for each generated particle. Left out, members come from the truth columns
    that are named as those of HepMC (`pid`, `status`, `mass`, `px`, …, `vx`, …, `vt`), parents and daughters from
    `mother`.
    """

    PDG: Formula | None = Field(default=None, description="Particle Data Group number.")
    generatorStatus: Formula | None = Field(default=None, description="Status of the generator.")
    charge: Formula | None = Field(default=None, description="Charge; default: that of the number.")
    time: Formula | None = Field(default=None, description="Time of its creation, in ns.")
    mass: Formula | None = Field(default=None, description="Mass, in GeV.")
    vertex: Vector | None = Field(default=None, description="Where it was made, in mm.")
    momentum: Vector | None = Field(default=None, description="Momentum there, in GeV.")


class Edm4hep(CardModel):
    """`[output.edm4hep]`: the output holds collections of the EDM4hep data model instead of `columns`.

    Formulas are in FlashSim's units (GeV, mm, ns, radians), which are EDM4hep's. A type has a collection if its table
    stands here, `MCParticle` always. What no formula is given for is 0.
    """

    MCParticle: MCParticleRows = Field(default_factory=MCParticleRows, description="Generated particles.")
    Track: TrackRows | None = Field(default=None, description="Tracks.")
    ReconstructedParticle: ReconstructedParticleRows | None = Field(default=None, description="Particles.")
    ParticleID: ParticleIDRows | None = Field(default=None, description="Identification.")
    Cluster: ClusterRows | None = Field(default=None, description="Clusters.")
    Vertex: VertexRows | None = Field(default=None, description="Vertices.")

    @model_validator(mode="after")
    def _needed(self) -> "Edm4hep":
        if self.ParticleID is not None and self.ReconstructedParticle is None:
            raise ValueError(
                "a ParticleID is that of a ReconstructedParticle: add [output.edm4hep.ReconstructedParticle]"
            )
        return self


def edm4hep_formulas(table: CardModel, key: str) -> Iterator[tuple[str, str]]:
    """Every formula below a table, with its key."""
    for name in type(table).model_fields:
        yield from _formulas(getattr(table, name), f"{key}.{name}")


def _formulas(value: Any, key: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, CardModel):
        yield from edm4hep_formulas(value, key)
    elif isinstance(value, str):
        yield key, value
    elif isinstance(value, list):
        yield from ((f"{key}[{index}]", text) for index, text in enumerate(value))
