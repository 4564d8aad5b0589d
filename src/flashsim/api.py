"""The verbs as functions: train a card, simulate events, validate a release, compare two samples."""

import platform
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import Literal, get_args

from flashsim.card import Card, LibraryModel, read_card
from flashsim.errors import FlashSimError
from flashsim.events import expand, read_events
from flashsim.exports import Format, write_export
from flashsim.files import refuse_existing, remove
from flashsim.release import Detector, card_origin, find_card, load, save, sha256
from flashsim.simulation import Counts, Request, first_events, produce
from flashsim.training import (
    Part,
    Progress,
    check_closure,
    read_sample,
    reference_batches,
    sample_batches,
    sample_files,
    train_stages,
    truth_sources,
)
from flashsim.validation import FULL, Effort, Metrics, read_metrics, refuse_report, validate_blocks, write_report
from flashsim.validation.samples.pair import side_by_side
from flashsim.validation.samples.release import Tally, release_blocks

PACKAGES = ("flashsim", "jax", "jaxlib", "equinox", "optax", "numpy")


def train(
    card: Card | str | Path,
    output: str | Path,
    *,
    report: Callable[[Progress], None] | None = None,
) -> Detector:
    """Train every stage of a card on its sample and write the release to the folder `output`.

    Models that are brought along (families ``shared-library`` and ``onnx``) are checked and copied into it; a card
    with no others needs no sample.

    A run that was stopped goes on where it was when it is called again: its state is kept beside the
    output, in ``<output>.training``, until the release is written.
    Raises FlashSimError for a card or a sample that cannot be used, and when `output` exists.
    """
    card = card if isinstance(card, Card) else read_card(card)
    if not card.stages:
        raise FlashSimError(
            f"{card.path or card.name}: a card without stages is for `flashsim compare` only; add [[stage]]"
        )
    output = Path(output)
    refuse_existing(output)
    training = validation = None
    if card.has_sample:
        training, validation = read_sample(card, "train"), read_sample(card, "validation")
        check_closure(card, training)
    checkpoints = output.with_name(output.name + ".training")
    with _tidied_after_an_error(checkpoints):
        stages = train_stages(card, training, validation, checkpoints=checkpoints, report=report)
    provenance = {
        "card": "" if card.path is None else card_origin(card.path, output),
        "versions": {name: version(name) for name in PACKAGES} | {"python": platform.python_version()},
        "machine": platform.machine(),
        "sample": _described(card),
        "training_objects": 0 if training is None else training.n_objects,
        "validation_objects": 0 if validation is None else validation.n_objects,
    }
    with _tidied_after_an_error(checkpoints):
        detector = save(Detector(card, stages, provenance), output)
    remove(checkpoints)
    return detector


@contextmanager
def _tidied_after_an_error(checkpoints: Path) -> Iterator[None]:
    """Keep the checkpoints when training is stopped, not when it cannot go on (no space, no finite loss)."""
    try:
        yield
    except FlashSimError:
        remove(checkpoints)
        raise


def simulate(
    release: Detector | str | Path,
    events: str | Path | Sequence[str | Path],
    output: str | Path,
    *,
    seed: int = 0,
    oversample: int = 1,
    workers: int | None = None,
    chunk_events: int = 1000,
    first: int | None = None,
    member: int | None = None,
    run_libraries: bool = False,
    format: Literal["ttree", "rntuple"] | None = None,
    report: Callable[[Counts], None] | None = None,
) -> Counts:
    """Simulate the events of files (ROOT, Parquet, HepMC) and write ``output`` (.parquet, .root, .sqlite).

    Each event is simulated `oversample` times; `first` takes so many events from the start only.
    Where the release has ensembles each event is simulated by one of their members, drawn from the seed and the event;
    `member` (from 0) simulates all events by one, with the same random numbers otherwise. The column ``member``
    says which it was. Compiled libraries in a release run only with `run_libraries`: they may do anything.
    The same release, seed and events give the same bytes, whatever `workers` (threads; by default one more
    than cores) and `chunk_events` are. A run that was stopped goes on where it was when it is called again;
    until then its finished blocks are in ``<output>.unfinished``.
    """
    detector = _trusted(release, run_libraries=run_libraries)
    if member is not None:
        detector = detector.with_member(member)
    card = detector.card
    files = expand(events)
    identity = [{"file": file.name, "bytes": (s := file.stat()).st_size, "changed": s.st_mtime_ns} for file in files]
    run, event = card.sample.event
    batches = read_events(
        files,
        truth_sources(card),
        tree=card.sample.tree,
        event=(run, event),
        chunk_events=chunk_events,
        together=card.sample.collisions == "together",
    )
    if first is not None:
        batches = first_events(batches, first)
    request = Request(seed, oversample, first, identity)
    return produce(detector, batches, Path(output), request, workers=workers, format=format, report=report)


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
    earlier = _prepared(output, against, overwrite=overwrite)
    detector = _trusted(release, run_libraries=run_libraries)
    if sample is None:
        card = _own_card(detector, release)
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
        **_effort(effort),
    }
    if validation.absent:
        provenance["not in the sample"] = validation.absent
    metrics = replace(validation.metrics, provenance=provenance)
    style = detector.card.validation.style
    write_report(metrics, validation.samples, output, style=style, against=earlier, progress=progress)
    return metrics


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
    earlier = _prepared(output, against, overwrite=overwrite)
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
        **_effort(effort),
    }
    if pair.left_out:
        provenance["not compared"] = pair.left_out
    if validation.absent:
        provenance["not in the sample"] = validation.absent
    metrics = replace(validation.metrics, provenance=provenance)
    write_report(metrics, validation.samples, output, style=card.validation.style, against=earlier, progress=progress)
    return metrics


def _prepared(output: Path, against: Metrics | str | Path | None, *, overwrite: bool) -> Metrics | None:
    """The metrics to compare with, read before anything is computed or overwritten."""
    if not overwrite:
        refuse_report(output)
    return against if against is None or isinstance(against, Metrics) else read_metrics(Path(against))


def _effort(effort: Effort) -> dict[str, dict[str, int]]:
    """For the provenance, where it is not the one that decisions are made with."""
    return {} if effort == FULL else {"effort": asdict(effort)}


def export(
    release: Detector | str | Path,
    output: str | Path,
    *,
    format: Format,
    member: int = 0,
    progress: Callable[[str], None] | None = None,
) -> dict[str, str]:
    """Write every stage of a release, and the whole detector, for programs without Python, to the folder `output`.

    `format` is ``"onnx"`` or ``"stablehlo"`` (which need the extra of that name), or ``"c"`` (one source file in
    C99). Conditions in physical units and standard normal noise go in, outputs in physical units come out;
    ``description.json`` says which. Of ensembles one `member` is written.
    Returns the files and their checksums.
    """
    detector = release if isinstance(release, Detector) else load(release)
    return write_export(detector.with_member(member), format, Path(output), progress=progress)


def _trusted(release: Detector | str | Path, *, run_libraries: bool) -> Detector:
    """A detector that may be run: nothing in a release is executed unasked."""
    detector = release if isinstance(release, Detector) else load(release)
    names = [stage.name for stage in detector.card.stages if isinstance(stage.model, LibraryModel)]
    if names and not run_libraries:
        raise FlashSimError(
            f"stage {', '.join(names)}: the release brings a compiled library along, and a program may do anything; "
            "if you trust where it comes from, say so (--run-libraries, in Python run_libraries=True)"
        )
    return detector


def _own_card(detector: Detector, release: Detector | str | Path) -> Card:
    """The card that a release was trained from, at its place on this machine, with the same test files."""
    if isinstance(release, Detector):
        if detector.card.path is None:
            raise FlashSimError("this detector's card was read from no file; name the files to compare with (sample)")
        return detector.card
    path = find_card(detector.provenance["card"], Path(release))
    if not path.is_file():
        raise FlashSimError(
            f"{release}: its card is no longer at {path}; name the full simulation to compare with (--sample FILES)"
        )
    card = read_card(path)
    if not card.has_sample:
        raise FlashSimError(f"{path}: this card has no sample; name full simulation to compare with (--sample FILES)")
    if _described(card)["test"] != detector.provenance["sample"]["test"]:
        raise FlashSimError(
            f"{path}: its test files are not those that the release was made with; name the full simulation "
            "to compare with (--sample FILES)"
        )
    return card


def _described(card: Card) -> dict[str, list[dict[str, str]]]:
    """The files of the sample that a release belongs to, by name and checksum; none for a card without a sample."""
    if not card.has_sample:
        return {part: [] for part in get_args(Part)}
    return {
        part: [{"file": file.name, "sha256": sha256(file)} for file in expand(sample_files(card, part))]
        for part in get_args(Part)
    }


__all__ = ["compare", "export", "load", "simulate", "train", "validate"]
