"""Making of reference samples: chunks of events on worker processes, finished ones kept, and one file in the end."""

from flashsim.experiments.production.assembly import produce
from flashsim.experiments.production.chunks import Columns, Recipe, silence
from flashsim.experiments.production.sample_file import read_provenance, split_sample, write_sample

__all__ = ["Columns", "Recipe", "produce", "read_provenance", "silence", "split_sample", "write_sample"]
