"""What validation compares: tables of both samples, stage by stage, whole or in blocks of whole events."""

from flashsim.validation.views.table import Occurrences, Table, concatenated
from flashsim.validation.views.view import StageView, checked

__all__ = ["Occurrences", "StageView", "Table", "checked", "concatenated"]
