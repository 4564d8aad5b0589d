"""What `validate` and `compare` do alike, before and after they measure."""

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from flashsim.card import Card
from flashsim.validation import FULL, Effort, Metrics, Validation, read_metrics, refuse_report, write_report


def earlier_metrics(output: Path, against: Metrics | str | Path | None, *, overwrite: bool) -> Metrics | None:
    """The metrics to compare with, read before anything is computed or overwritten."""
    if not overwrite:
        refuse_report(output)
    return against if against is None or isinstance(against, Metrics) else read_metrics(Path(against))


def written(
    validation: Validation,
    output: Path,
    *,
    card: Card,
    provenance: dict[str, Any],
    effort: Effort,
    against: Metrics | None,
    progress: Callable[[str], None] | None,
) -> Metrics:
    """The metrics with their provenance, in a report; an effort that is not for decisions is named in it."""
    if effort != FULL:
        provenance = provenance | {"effort": asdict(effort)}
    if validation.absent:
        provenance = provenance | {"not in the sample": validation.absent}
    metrics = replace(validation.metrics, provenance=provenance)
    style = card.validation.style
    write_report(metrics, validation.samples, output, style=style, against=against, progress=progress)
    return metrics
