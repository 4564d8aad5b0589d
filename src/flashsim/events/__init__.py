"""Events: the batch in which they travel, the files and generators they come from, and those they go to."""

from .batch import EventBatch
from .content import content_sha256
from .describe import FileDescription, describe_file
from .gun import ParticleGun
from .jagged import events_of_lists
from .output import Collection, OutputBatch, OutputSchema
from .pythia import Pythia8Source
from .read import expand, read_events
from .relations import ByIndex, Nearest, Relation, SumOf
from .simulated_reader import read_simulated
from .source import LEFT_OVER, ColumnSource
from .writer import Writer, open_writer, output_format

__all__ = [
    "LEFT_OVER",
    "ByIndex",
    "Collection",
    "ColumnSource",
    "EventBatch",
    "FileDescription",
    "Nearest",
    "OutputBatch",
    "OutputSchema",
    "ParticleGun",
    "Pythia8Source",
    "Relation",
    "SumOf",
    "Writer",
    "content_sha256",
    "describe_file",
    "events_of_lists",
    "expand",
    "open_writer",
    "output_format",
    "read_events",
    "read_simulated",
]
