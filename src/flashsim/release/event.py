"""A release of collections: a folder with a release for each, in the order of simulation."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree

from pydantic import ValidationError

from flashsim.card import EventCard, WholeEvent
from flashsim.errors import FlashSimError
from flashsim.files import atomic, refuse_existing
from flashsim.release.detector import Detector
from flashsim.release.load import load, read_manifest, verify
from flashsim.release.save import write_sums

SCHEMA = 1
MANIFEST = "collections.json"


@dataclass(frozen=True)
class EventDetector:
    """The detectors of the collections of an event, by name and in the order of simulation.

    `event` says what else is written; `hash` is the release's name, a sha256 of its content.
    """

    name: str
    description: str
    event: WholeEvent
    detectors: Mapping[str, Detector]
    hash: str


def is_event_release(path: str | Path) -> bool:
    """Whether a folder holds a release of collections."""
    return (Path(path) / MANIFEST).is_file()


def save_event(card: EventCard, releases: Path, path: Path) -> EventDetector:
    """Write the folder `path`, which must not exist, from the releases of a card's collections in `releases`.

    ``collections.json`` holds the schema version, the name, the order of the collections and what else is written;
    each collection's folder is a release like any other. ``SHA256SUMS`` lists the checksums of all files.
    """
    refuse_existing(path)
    described = {
        "schema": SCHEMA,
        "name": card.name,
        "description": card.description,
        "collections": list(card.collections),
        "event": card.event.model_dump(mode="json"),
    }
    with atomic(path) as folder:
        for name in card.collections:
            copytree(releases / name, folder / name)
        (folder / MANIFEST).write_bytes(json.dumps(described, indent=1).encode())
        write_sums(folder)
    return load_event(path)


def load_event(path: str | Path) -> EventDetector:
    """The detectors of a release of collections; FlashSimError naming the bad file when one is missing or damaged."""
    folder = Path(path)
    identity = verify(folder, MANIFEST)
    described = read_manifest(folder / MANIFEST, SCHEMA)
    try:
        event = WholeEvent.model_validate(described["event"])
    except ValidationError as error:
        raise FlashSimError(f"{folder / MANIFEST}: is not what FlashSim wrote ({error})") from None
    detectors = {name: load(folder / name) for name in described["collections"]}
    return EventDetector(described["name"], described["description"], event, detectors, identity)
