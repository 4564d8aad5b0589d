"""The tables of magnetic fields: what bends charged particles between their origin and a plane."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from flashsim.card.base import CardModel

Transverse = Annotated[tuple[float, float], Field(strict=False)]
Three = Annotated[tuple[float, float, float], Field(strict=False)]
Range = Annotated[tuple[float, float], Field(strict=False)]
Six = Annotated[tuple[str, str, str, str, str, str], Field(strict=False)]


class KickField(CardModel):
    """`shape = "kick"`: the whole of a dipole in one plane, where the transverse momentum changes and |p| does not."""

    shape: Literal["kick"] = Field(description="A change of momentum in a plane.")
    z: float = Field(description="The plane, mm.")
    momentum: Transverse | None = Field(
        default=None, description="What px and py of a positive unit charge gain on the way downstream, GeV."
    )
    integral: Transverse | None = Field(default=None, description="Or the field integrals ∫Bx dz and ∫By dz, T m.")

    @model_validator(mode="after")
    def _one(self) -> "KickField":
        if (self.momentum is None) == (self.integral is None):
            raise ValueError("write either 'momentum' (GeV) or 'integral' (T m)")
        return self


class UniformField(CardModel):
    """`shape = "uniform"`: the same field everywhere, or between two planes; paths are helices, exactly."""

    shape: Literal["uniform"] = Field(description="The same field everywhere.")
    field: Three = Field(description="Bx, By and Bz, T: either along z (a solenoid) or across it (a dipole).")
    z: Range | None = Field(default=None, description="Where it begins and ends, mm; default: nowhere.")

    @model_validator(mode="after")
    def _direction(self) -> "UniformField":
        bx, by, bz = self.field
        if bool(bx or by) == bool(bz):
            raise ValueError(
                f"field = {list(self.field)}: it must be along z, [0, 0, Bz], or across it, [Bx, By, 0], and not zero; "
                "one that is neither is given by a map"
            )
        if self.z is not None and not self.z[0] < self.z[1]:
            raise ValueError(f"z = {list(self.z)}: the field begins before it ends")
        return self


class BellField(CardModel):
    """`shape = "bell"`: a field across the beam that rises and falls along z as a Gaussian, as of a dipole magnet."""

    shape: Literal["bell"] = Field(description="A Gaussian along z.")
    centre: float = Field(description="Where it is strongest, mm.")
    width: float = Field(gt=0, description="Standard deviation of the Gaussian, mm.")
    integral: Transverse = Field(description="The field integrals ∫Bx dz and ∫By dz, T m.")


class MapField(CardModel):
    """`shape = "map"`: a field on a regular grid, from a file; interpolated between its points in x, y and z.

    The file is a table (Parquet, ROOT, or text: `.csv`, `.txt` or `.dat`) with one row a point, in any order, or an
    `.npz` file with the three axes and three arrays of nx × ny × nz.
    """

    shape: Literal["map"] = Field(description="A field map in a file.")
    file: str = Field(
        min_length=1, description="The file, relative to the card's folder. The release keeps its content."
    )
    sha256: str | None = Field(
        default=None, pattern=r"^[0-9a-f]{64}$", description="Checksum that the file must have; default: any."
    )
    columns: Six = Field(
        default=("x", "y", "z", "Bx", "By", "Bz"), description="Its columns: where a point is, and the field there."
    )
    tree: str | None = Field(default=None, description="TTree or RNTuple in a ROOT file; default: the only one.")
    length: str = Field(default="mm", description="Unit of x, y and z in the file.")
    unit: str = Field(default="T", description="Unit of the field in the file.")
    scale: float = Field(default=1.0, description="Multiplies the field: -1 turns the polarity round.")
    step: float = Field(default=100.0, gt=0, description="Steps of the integration along z, mm.")
    outside: Literal["zero", "error"] = Field(
        default="zero", description="What the field is beyond the map: zero, or an error in a run."
    )


AnyField = KickField | UniformField | BellField | MapField
MagneticField = Annotated[AnyField, Field(discriminator="shape")]
