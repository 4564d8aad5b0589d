"""Reference against candidate: metrics with errors and nulls, gates, and the page that shows them."""

from flashsim.validation.gates import GateLimits
from flashsim.validation.metrics import Metrics
from flashsim.validation.metrics_file import read_metrics
from flashsim.validation.report import write_report
from flashsim.validation.validate import Validation, validate_blocks, validate_stages
from flashsim.validation.views import StageView, Table

__all__ = [
    "GateLimits",
    "Metrics",
    "StageView",
    "Table",
    "Validation",
    "read_metrics",
    "validate_blocks",
    "validate_stages",
    "write_report",
]
