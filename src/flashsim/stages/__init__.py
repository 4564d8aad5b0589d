"""A stage's inputs and outputs as the card defines them: the same code in training and in simulation."""

from flashsim.stages.chosen_rows import ChosenRows
from flashsim.stages.features import (
    ConditionColumn,
    condition_columns,
    conditions,
    outputs,
    require_finite,
)
from flashsim.stages.namespace import Namespace, formulas, parsed
from flashsim.stages.of_one_object import OF_ONE_OBJECT
from flashsim.stages.slots import (
    filled_slots,
    generated,
    joined,
    mean_of_events,
    sample_weights,
    truth_of,
    with_slots,
    with_unmatched,
)
from flashsim.stages.stored import stored

__all__ = [
    "OF_ONE_OBJECT",
    "ChosenRows",
    "ConditionColumn",
    "Namespace",
    "condition_columns",
    "conditions",
    "filled_slots",
    "formulas",
    "generated",
    "joined",
    "mean_of_events",
    "outputs",
    "parsed",
    "require_finite",
    "sample_weights",
    "stored",
    "truth_of",
    "with_slots",
    "with_unmatched",
]
