"""Reference against candidate: metrics with errors and nulls, gates, and the page that shows them."""

from flashsim.validation.gates.changes import Change, Changes, changes
from flashsim.validation.gates.judge import with_left_out
from flashsim.validation.gates.limits import GateLimits
from flashsim.validation.metrics import Metrics, read_metrics
from flashsim.validation.page.index import write_index
from flashsim.validation.page.report import refuse_report, write_report
from flashsim.validation.statistics import FULL, QUICK, Effort
from flashsim.validation.validate import Validation, validate_blocks, validate_stages
from flashsim.validation.views import StageView, Table

__all__ = [
    "FULL",
    "QUICK",
    "Change",
    "Changes",
    "Effort",
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
    "write_index",
    "write_report",
]
