"""What `validate` and `compare` do alike, before and after they measure."""

from dataclasses import asdict
from pathlib import Path

from flashsim.validation import FULL, Effort, Metrics, read_metrics, refuse_report


def earlier_metrics(output: Path, against: Metrics | str | Path | None, *, overwrite: bool) -> Metrics | None:
    """The metrics to compare with, read before anything is computed or overwritten."""
    if not overwrite:
        refuse_report(output)
    return against if against is None or isinstance(against, Metrics) else read_metrics(Path(against))


def effort_taken(effort: Effort) -> dict[str, dict[str, int]]:
    """For the provenance, where it is not the one that decisions are made with."""
    return {} if effort == FULL else {"effort": asdict(effort)}
