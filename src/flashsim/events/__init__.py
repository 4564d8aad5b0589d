"""Events: the batch in which they travel, the files and generators they come from, and those they go to."""

from .batch import EventBatch
from .content import content_sha256
from .gun import ParticleGun
from .output import Collection, OutputBatch, OutputSchema
from .pythia import Pythia8Source
from .read import expand, read_events
from .source import ColumnSource
from .writer import Writer, open_writer

__all__ = [
    "Collection",
    "ColumnSource",
    "EventBatch",
    "OutputBatch",
    "OutputSchema",
    "ParticleGun",
    "Pythia8Source",
    "Writer",
    "content_sha256",
    "expand",
    "open_writer",
    "read_events",
]
