"""Hold the collections of whole events against full simulation, each with a report of its own."""

from collections.abc import Callable, Sequence
from pathlib import Path

from flashsim.api.compare import compare
from flashsim.api.reports import earlier_metrics
from flashsim.api.validate import validate
from flashsim.card import EventCard, read_event_card
from flashsim.release import load_event
from flashsim.validation import FULL, Effort, Metrics, write_index


def validate_events(
    release: str | Path,
    output: str | Path,
    *,
    sample: Sequence[str | Path] | None = None,
    against: str | Path | None = None,
    overwrite: bool = False,
    seed: int = 0,
    effort: Effort = FULL,
    run_libraries: bool = False,
    progress: Callable[[str], None] | None = None,
) -> dict[str, Metrics]:
    """Validate each collection of a release; write a report to the folder of its name in `output`, and
    ``index.html``, which leads to them.

    A collection reads what full simulation has of the collections before it, so that each is judged by itself; how all
    do together `compare_events` says of a file that was simulated. `against` is the output of another validation, the
    rest as for `validate`.
    """
    detector = load_event(release)
    names = list(detector.detectors)
    earlier = _earlier(names, Path(output), against, overwrite=overwrite)
    found = {
        name: validate(
            Path(release) / name,
            Path(output) / name,
            sample=sample,
            against=earlier[name],
            overwrite=overwrite,
            seed=seed,
            effort=effort,
            run_libraries=run_libraries,
            progress=_of(name, progress),
        )
        for name in names
    }
    write_index(detector.name, found, Path(output))
    return found


def compare_events(
    reference: str | Path | Sequence[str | Path],
    candidate: str | Path | Sequence[str | Path],
    output: str | Path,
    *,
    card: EventCard | str | Path,
    against: str | Path | None = None,
    overwrite: bool = False,
    seed: int = 0,
    effort: Effort = FULL,
    progress: Callable[[str], None] | None = None,
) -> dict[str, Metrics]:
    """Compare whole events of two samples, collection by collection; write a report to the folder of each in `output`,
    and ``index.html``, which leads to them.

    Both samples are read as the card says that full simulation is, whoever made them. `against` is the output of
    another comparison, the rest as for `compare`.
    """
    card = card if isinstance(card, EventCard) else read_event_card(card)
    earlier = _earlier(list(card.collections), Path(output), against, overwrite=overwrite)
    found = {
        name: compare(
            reference,
            candidate,
            Path(output) / name,
            card=one,
            against=earlier[name],
            overwrite=overwrite,
            seed=seed,
            effort=effort,
            progress=_of(name, progress),
        )
        for name, one in card.collections.items()
    }
    write_index(card.name, found, Path(output))
    return found


def _earlier(
    names: list[str], output: Path, against: str | Path | None, *, overwrite: bool
) -> dict[str, Metrics | None]:
    """What each is held against, read before the first is computed or overwritten."""
    files = {name: None if against is None else Path(against) / name / "metrics.json" for name in names}
    return {name: earlier_metrics(output / name, file, overwrite=overwrite) for name, file in files.items()}


def _of(name: str, progress: Callable[[str], None] | None) -> Callable[[str], None] | None:
    return None if progress is None else lambda text: progress(f"{name}, {text}")
