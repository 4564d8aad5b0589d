"""Hold a release against full simulation."""

from collections.abc import Callable, Sequence
from pathlib import Path

from flashsim.api.releases import own_card, trusted
from flashsim.api.reports import earlier_metrics, written
from flashsim.events import expand
from flashsim.release import Detector
from flashsim.training import reference_batches, sample_batches, sample_files
from flashsim.validation import FULL, Effort, Metrics, validate_blocks
from flashsim.validation.samples.release import Tally, release_blocks


def validate(
    release: Detector | str | Path,
    output: str | Path,
    *,
    sample: Sequence[str | Path] | None = None,
    against: Metrics | str | Path | None = None,
    overwrite: bool = False,
    seed: int = 0,
    effort: Effort = FULL,
    run_libraries: bool = False,
    progress: Callable[[str], None] | None = None,
) -> Metrics:
    """Compare a release with full simulation; write ``report.html`` and ``metrics.json`` to `output`.

    `sample` are files in the form of the card's sample, none of which was trained on; by default the
    test part of the sample of the card that the release was trained from, if that is where it was.
    `against` is the ``metrics.json`` of another validation: the page then shows what has changed.
    A report that is there already is an error, unless `overwrite`. `run_libraries` as for `simulate`. `effort` says how
    much is computed: `FULL`, or `QUICK` for a first look.
    """
    output = Path(output)
    earlier = earlier_metrics(output, against, overwrite=overwrite)
    detector = trusted(release, run_libraries=run_libraries)
    if sample is None:
        card = own_card(detector, release)
        files, batches = sample_files(card, "test"), sample_batches(card, "test")
    else:
        files = expand(sample)
        batches = reference_batches(detector.card, files)
    read = Tally()
    validation = validate_blocks(
        release_blocks(detector, read.counted(batches), seed=seed),
        detector.card.stage_gates,
        title=detector.card.name,
        provenance={},
        false_alarm_rate=detector.card.false_alarm_rate,
        seed=seed,
        effort=effort,
        progress=progress,
    )
    provenance = {
        "release": detector.hash,
        "card": detector.card.name,
        "sample": ", ".join(file.name for file in files),
        "objects": read.objects,
        "events": read.events,
        "seed": seed,
        "versions": detector.provenance.get("versions", {}),
    }
    return written(
        validation,
        output,
        card=detector.card,
        provenance=provenance,
        effort=effort,
        against=earlier,
        progress=progress,
    )
