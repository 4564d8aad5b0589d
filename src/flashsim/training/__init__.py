"""Training: one loop for every model family, from a reference sample to trained stages."""

from flashsim.training.closure import check_closure
from flashsim.training.data import TrainingData
from flashsim.training.epoch import Epoch
from flashsim.training.external import ExternalResponse, external_response
from flashsim.training.loop import fit, fit_members
from flashsim.training.matching import LeftOver, Matches, left_over, matches, matching_rules
from flashsim.training.member import Member
from flashsim.training.sample import (
    Part,
    events_of_part,
    generated_batches,
    generated_objects,
    generated_sources,
    read_sample,
    reference_batches,
    reference_sources,
    relation_of,
    sample_batches,
    sample_files,
    truth_sources,
)
from flashsim.training.stages import MINIMUM_OBJECTS, train_stages
from flashsim.training.trained_stage import Progress, Response, TrainedStage
from flashsim.training.unrounded import unrounded

__all__ = [
    "MINIMUM_OBJECTS",
    "Epoch",
    "ExternalResponse",
    "LeftOver",
    "Matches",
    "Member",
    "Part",
    "Progress",
    "Response",
    "TrainedStage",
    "TrainingData",
    "check_closure",
    "events_of_part",
    "external_response",
    "fit",
    "fit_members",
    "generated_batches",
    "generated_objects",
    "generated_sources",
    "left_over",
    "matches",
    "matching_rules",
    "read_sample",
    "reference_batches",
    "reference_sources",
    "relation_of",
    "sample_batches",
    "sample_files",
    "train_stages",
    "truth_sources",
    "unrounded",
]
