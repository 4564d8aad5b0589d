"""The card: what a user writes, read safely and checked as a whole."""

from flashsim.card.adversarial import ALGORITHMS, AdversarialModel
from flashsim.card.arithmetic import Arithmetic
from flashsim.card.comparison import Comparison, Daughter, Validation, Variable
from flashsim.card.edm4hep import Edm4hep, MCParticleRows, TrackRows, Vector
from flashsim.card.event_card import GENERATOR_LEVEL, EventCard, Link, WholeEvent, branch_of, written_as
from flashsim.card.event_read import event_card_from_dict, read_any_card, read_event_card
from flashsim.card.expressions import Expression
from flashsim.card.external import ConditionRange, ExternalModel, LibraryModel, OnnxModel
from flashsim.card.fields import AnyField, BellField, KickField, MapField, UniformField
from flashsim.card.model import (
    DEFAULT_FAMILY,
    ClassifierModel,
    FlowMatchingModel,
    Kind,
    MaskedAutoregressiveModel,
    Model,
    OneStepModel,
    SplineAutoregressiveModel,
    SplineCouplingModel,
    TeacherModel,
)
from flashsim.card.names import Names, leaves
from flashsim.card.of_events import check_of_events, evaluate_events
from flashsim.card.propagate import PARTS, Propagate, part_name
from flashsim.card.propagated import propagated
from flashsim.card.read import card_from_dict, read_card
from flashsim.card.related import OF_THE_PAIR, Related, summed
from flashsim.card.sample import Category, Column, Reconstructed, Sample, SampleFiles, Split
from flashsim.card.schema import SCHEMA_VERSION, Card, ComparisonCard, Gate, Output
from flashsim.card.stage import Predicted, Stage, Training
from flashsim.card.units import UNITS, factor, internal_unit
from flashsim.card.unmatched import SLOT, UNMATCHED, Of, Unmatched

__all__ = [
    "ALGORITHMS",
    "DEFAULT_FAMILY",
    "GENERATOR_LEVEL",
    "OF_THE_PAIR",
    "PARTS",
    "SCHEMA_VERSION",
    "SLOT",
    "UNITS",
    "UNMATCHED",
    "AdversarialModel",
    "AnyField",
    "Arithmetic",
    "BellField",
    "Card",
    "Category",
    "ClassifierModel",
    "Column",
    "Comparison",
    "ComparisonCard",
    "ConditionRange",
    "Daughter",
    "Edm4hep",
    "EventCard",
    "Expression",
    "ExternalModel",
    "FlowMatchingModel",
    "Gate",
    "KickField",
    "Kind",
    "LibraryModel",
    "Link",
    "MCParticleRows",
    "MapField",
    "MaskedAutoregressiveModel",
    "Model",
    "Names",
    "Of",
    "OneStepModel",
    "OnnxModel",
    "Output",
    "Predicted",
    "Propagate",
    "Reconstructed",
    "Related",
    "Sample",
    "SampleFiles",
    "SplineAutoregressiveModel",
    "SplineCouplingModel",
    "Split",
    "Stage",
    "TeacherModel",
    "TrackRows",
    "Training",
    "UniformField",
    "Unmatched",
    "Validation",
    "Variable",
    "Vector",
    "WholeEvent",
    "branch_of",
    "card_from_dict",
    "check_of_events",
    "evaluate_events",
    "event_card_from_dict",
    "factor",
    "internal_unit",
    "leaves",
    "part_name",
    "propagated",
    "read_any_card",
    "read_card",
    "read_event_card",
    "summed",
    "written_as",
]
