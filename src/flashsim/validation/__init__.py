"""Reference against candidate: metrics with errors and nulls, gates, and the page that shows them."""

from flashsim.validation.against import Change, Changes, changes
from flashsim.validation.gates import GateLimits, with_left_out
from flashsim.validation.metrics import Metrics
from flashsim.validation.metrics_file import read_metrics
from flashsim.validation.report import refuse_report, write_report
from flashsim.validation.validate import Validation, validate_blocks, validate_stages
from flashsim.validation.views import StageView, Table

__all__ = [
    "Change",
    "Changes",
    "GateLimits",
    "Metrics",
    "StageView",
    "Table",
    "Validation",
    "changes",
    "read_metrics",
    "refuse_report",
    "validate_blocks",
    "validate_stages",
    "with_left_out",
    "write_report",
]
