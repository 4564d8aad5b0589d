"""Events: the batch in which they travel, and the files and generators that they come from."""

from .batch import EventBatch
from .read import expand, read_events
from .source import ColumnSource

__all__ = ["ColumnSource", "EventBatch", "expand", "read_events"]
