"""Events: the batch in which they travel, the files and generators they come from, and those they go to."""

from .batch import EventBatch
from .content import content_sha256
from .describe import FileDescription, describe_file
from .gun import ParticleGun
from .jagged import events_of_lists, jagged_batch
from .nano_writer import COPY, NanoLayout, as_collections, open_nanoaod
from .nearest import Nearest
from .output import Collection, OutputBatch, OutputSchema
from .precision import is_rounded, rounded, spread
from .pythia import Pythia8Source
from .read import expand, read_events
from .relations import ByIndex, Lists, Relation, SumOf
from .simulated_reader import read_simulated
from .source import LEFT_OVER, ColumnSource, present
from .tree_reader import OtherTree, has_tree, read_other_trees, read_rows, tree_branches
from .tree_rows import Branch, TreeRows, branches_from_json, branches_to_json
from .writer import Writer, open_writer, output_format

__all__ = [
    "COPY",
    "LEFT_OVER",
    "Branch",
    "ByIndex",
    "Collection",
    "ColumnSource",
    "EventBatch",
    "FileDescription",
    "Lists",
    "NanoLayout",
    "Nearest",
    "OtherTree",
    "OutputBatch",
    "OutputSchema",
    "ParticleGun",
    "Pythia8Source",
    "Relation",
    "SumOf",
    "TreeRows",
    "Writer",
    "as_collections",
    "branches_from_json",
    "branches_to_json",
    "content_sha256",
    "describe_file",
    "events_of_lists",
    "expand",
    "has_tree",
    "is_rounded",
    "jagged_batch",
    "open_nanoaod",
    "open_writer",
    "output_format",
    "present",
    "read_events",
    "read_other_trees",
    "read_rows",
    "read_simulated",
    "rounded",
    "spread",
    "tree_branches",
]
