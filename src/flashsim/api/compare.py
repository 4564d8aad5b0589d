"""Hold one sample against another, whoever made them."""

from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

from flashsim.api.reports import earlier_metrics, written
from flashsim.card import Card, read_card
from flashsim.events import expand
from flashsim.validation import FULL, Effort, Metrics, validate_blocks
from flashsim.validation.samples.pair import side_by_side


def compare(
    reference: str | Path | Sequence[str | Path],
    candidate: str | Path | Sequence[str | Path],
    output: str | Path,
    *,
    card: Card | str | Path,
    against: Metrics | str | Path | None = None,
    overwrite: bool = False,
    seed: int = 0,
    effort: Effort = FULL,
    progress: Callable[[str], None] | None = None,
) -> Metrics:
    """Compare any two samples by what a card says; write ``report.html`` and ``metrics.json`` to `output`.

    Each is files in the form of the card's sample, or what `simulate` has written. Compared are the stages of the
    card and its tables ``[compare.<name>]``; a part whose columns a sample lacks is left out, and its gates are
    not judged. Events of the same run and number are taken as pairs. `against`, `overwrite` and `effort`
    as for `validate`.
    """
    card = card if isinstance(card, Card) else read_card(card)
    output = Path(output)
    earlier = earlier_metrics(output, against, overwrite=overwrite)
    files = [expand(side) for side in (reference, candidate)]
    pair = side_by_side(card, files[0], files[1])
    validation = validate_blocks(
        pair.blocks(),
        card.stage_gates,
        title=card.name,
        provenance={},
        false_alarm_rate=card.false_alarm_rate,
        seed=seed,
        effort=effort,
        progress=progress,
        left_out=pair.left_out,
    )
    provenance = {
        "card": card.name,
        "reference": ", ".join(file.name for file in files[0]),
        "candidate": ", ".join(file.name for file in files[1]),
        "objects": list(pair.objects),
        "events": list(pair.events),
        "events in both": pair.paired,
        "seed": seed,
        "versions": {"flashsim": version("flashsim")},
    }
    if pair.left_out:
        provenance["not compared"] = pair.left_out
    return written(
        validation, output, card=card, provenance=provenance, effort=effort, against=earlier, progress=progress
    )
