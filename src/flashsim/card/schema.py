"""The card: the one text file in which a user says what FlashSim learns and writes."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, PrivateAttr, Tag

from flashsim.card.base import CardModel
from flashsim.card.comparison import Comparison, Validation
from flashsim.card.edm4hep import Edm4hep
from flashsim.card.fields import MagneticField
from flashsim.card.propagate import Propagate
from flashsim.card.related import Related
from flashsim.card.sample import Category, Column, ComparedSample, Reconstructed, Sample
from flashsim.card.stage import Stage
from flashsim.card.unmatched import Unmatched

SCHEMA_VERSION = 1


class Output(CardModel):
    """The collection of reconstructed objects that simulation writes."""

    name: str = Field(
        default="track",
        pattern=r"^[A-Za-z][A-Za-z0-9_]*\.?$",
        description="Name of the collection; in a card of collections it may end in a dot, as `AnalysisJetsAuxDyn.`, "
        "whose columns are then named `AnalysisJetsAuxDyn.pt`.",
    )
    where: str | None = Field(default=None, description="Which objects count as reconstructed; default: all.")
    columns: list[str] = Field(
        min_length=1,
        description="Reconstructed columns and variables written, and columns of `[derive]`, which have no unit; in a "
        "card of collections as `Jet_pt`, or under the name of the source if that begins with the collection's.",
    )
    particles: list[str] = Field(
        default_factory=list,
        description="Those written for every generated object, beside the truth: why it was not reconstructed, say.",
    )
    link: str | None = Field(
        default=None,
        min_length=1,
        description="In a card of collections: column of the place of the generated object in its list, as "
        "`genJetIdx`; -1 of an unmatched one.",
    )
    edm4hep: Edm4hep | None = Field(
        default=None, description="Write collections of the EDM4hep data model instead of these columns."
    )


class Gate(CardModel):
    """Numbers that a stage must meet in validation; any of them may be left out."""

    c2st_auc: float | None = Field(
        default=None,
        ge=0.5,
        le=1,
        description="Area under the curve of a classifier of flash against full, at most.",
    )
    wasserstein_over_null: float | None = Field(
        default=None,
        gt=0,
        description="Wasserstein distance of each variable over its null, at most.",
    )
    ks_over_null: float | None = Field(
        default=None,
        gt=0,
        description="Kolmogorov distance of each variable over its null, at most.",
    )
    efficiency_coverage: float | None = Field(
        default=None,
        gt=0,
        le=1,
        description="Share of the bins whose efficiencies agree within 3 σ, at least.",
    )
    expected_calibration_error: float | None = Field(
        default=None, gt=0, le=1, description="Mean difference of probability and frequency, at most."
    )
    width_ratio_within: float | None = Field(
        default=None,
        gt=0,
        lt=1,
        description="Difference from 1 of the ratio of widths (flash over full) of each variable, at most.",
    )
    shift_in_widths_below: float | None = Field(
        default=None,
        gt=0,
        description="Shift of the centre of each variable in widths of the reference, at most.",
    )


def _gate_or_rate(value: Any) -> str:
    return "rate" if isinstance(value, int | float) and not isinstance(value, bool) else "gate"


GateOrRate = Annotated[
    Annotated[Gate, Tag("gate")] | Annotated[float, Field(gt=0, lt=1), Tag("rate")], Discriminator(_gate_or_rate)
]
FALSE_ALARM_RATE = "false_alarm_rate"


class Card(CardModel):
    """A card that is consistent in itself; `flashsim.card.read_card` makes it from a file.

    A file may say `extends = "other.toml"`: it then has everything of that card but its name, description and sample,
    and what it says itself is added or stands in its place. A stage of that card's that has no `kind` here changes in
    what it says alone.
    """

    schema_version: Literal[1] = Field(alias="schema", description="Version of this schema: 1.")
    name: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$", description="Name of the detector.")
    description: str = Field(default="", description="A sentence or more for people.")
    sample: Sample = Field(description="The reference sample.")
    columns: dict[str, Column] = Field(min_length=1, description="Truth columns, each with its unit.")
    related: dict[str, Related] = Field(
        default_factory=dict, description="Objects of other collections that belong to those of the card."
    )
    derive: dict[str, str] = Field(
        default_factory=dict, description="Named formulas; they may use each other in any order."
    )
    categories: dict[str, Category] = Field(default_factory=dict, description="Quantities of unordered values.")
    magnetic_fields: dict[str, MagneticField] = Field(
        alias="field", default_factory=dict, description="Magnetic fields, by name."
    )
    propagate: dict[str, Propagate] = Field(
        default_factory=dict, description="Where particles are on planes, or closest to the beam: columns for formulas."
    )
    reconstructed: dict[str, Reconstructed] = Field(
        min_length=1, description="Columns that only full simulation has, each with its unit."
    )
    unmatched: Unmatched | None = Field(
        default=None, description="Reconstructed objects that no generated one leads to; default: there are none."
    )
    stages: list[Stage] = Field(alias="stage", min_length=1, description="The stages, in order.")
    output: Output = Field(description="What simulation writes.")
    compare: dict[str, Comparison] = Field(
        default_factory=dict, description="What is compared beside the stages, by name."
    )
    gates: dict[str, GateOrRate] = Field(
        default_factory=dict,
        description="Criteria by the name of a stage or of a table of `[compare]`; `false_alarm_rate` for the table of "
        "all tests.",
    )
    validation: Validation = Field(default_factory=Validation, description="How a validation is shown.")
    _path: Path | None = PrivateAttr(None)
    _release: Path | None = PrivateAttr(None)

    def dump(self) -> dict[str, Any]:
        """The card as plain JSON values, without where it was read: `card_from_dict` reads it back."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)

    @property
    def has_sample(self) -> bool:
        """Whether it names files of full simulation."""
        return not isinstance(self.sample, ComparedSample)

    @property
    def path(self) -> Path | None:
        """The file that it was read from; it is not part of the card itself."""
        return self._path

    def read_from(self, path: Path) -> "Card":
        """The same card, knowing the file that it was read from."""
        card = self.model_copy()
        card._path = path
        return card

    def of_release(self, release: Path) -> "Card":
        """The same card, whose field maps are the copies in the folder of a release."""
        card = self.model_copy()
        card._release = release
        return card

    @property
    def release(self) -> Path | None:
        """The release that holds copies of its field maps."""
        return self._release

    @property
    def folder(self) -> Path:
        """Where the sample's file patterns start."""
        return self._path.parent if self._path is not None else Path()

    @property
    def stage_gates(self) -> dict[str, Gate]:
        """The criteria of the stages that have any."""
        return {name: gate for name, gate in self.gates.items() if isinstance(gate, Gate)}

    @property
    def false_alarm_rate(self) -> float | None:
        """How often a perfect candidate may fail by chance because of any of all tests; None: they are not judged."""
        rate = self.gates.get(FALSE_ALARM_RATE)
        return rate if isinstance(rate, float) else None

    def stage(self, name: str) -> Stage:
        """The stage of this name."""
        return next(stage for stage in self.stages if stage.name == name)


class CardWithoutSample(Card):
    """A card whose models are all brought along: nothing is trained, so that no sample is needed."""

    # Narrower than in a Card, which is sound: a card never changes.
    sample: ComparedSample = Field(  # pyright: ignore[reportIncompatibleVariableOverride]
        default_factory=ComparedSample, description="How events are read."
    )
    reconstructed: dict[str, Reconstructed] = Field(default_factory=dict, description="Columns made by formulas.")


class ComparisonCard(Card):
    """A card without stages: what `flashsim compare` needs of two samples that another program has made."""

    sample: ComparedSample = Field(  # pyright: ignore[reportIncompatibleVariableOverride]
        default_factory=ComparedSample, description="How the samples are read."
    )
    reconstructed: dict[str, Reconstructed] = Field(default_factory=dict, description="More columns.")
    stages: list[Stage] = Field(alias="stage", default_factory=list, max_length=0, exclude=True, description="None.")
    output: Output = Field(default=Output.model_construct(columns=[]), exclude=True, description="None.")
    compare: dict[str, Comparison] = Field(min_length=1, description="What is compared, by name.")
