"""A release of collections: a folder with a release for each, in the order of simulation."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from shutil import copytree

from pydantic import ValidationError

from flashsim.card import EventCard, WholeEvent, branch_of, written_as
from flashsim.errors import FlashSimError
from flashsim.events import Branch, branches_from_json, branches_to_json
from flashsim.files import atomic, refuse_existing
from flashsim.release.detector import Detector
from flashsim.release.load import load, read_manifest, verify
from flashsim.release.save import COLLECTIONS, write_sums

SCHEMA = 1
BRANCHES = "branches.json"


@dataclass(frozen=True)
class EventDetector:
    """The detectors of the collections of an event, by name and in the order of simulation.

    `event` says what else is written, `branches` which types and titles the branches of the collections have in the
    sample (none where that is no TTree); `hash` is the release's name, a sha256 of its content.
    """

    name: str
    description: str
    event: WholeEvent
    detectors: Mapping[str, Detector]
    hash: str
    branches: Mapping[str, Branch] = field(default_factory=dict)


def is_event_release(path: str | Path) -> bool:
    """Whether a folder holds a release of collections."""
    return (Path(path) / COLLECTIONS).is_file()


def save_event(card: EventCard, releases: Path, path: Path, branches: Mapping[str, Branch]) -> EventDetector:
    """Write the folder `path`, which must not exist, from the releases of a card's collections in `releases`.

    ``collections.json`` holds the schema version, the name, the order of the collections and what else is written;
    each collection's folder is a release like any other; ``branches.json`` holds those of `branches` that belong to the
    collections. ``SHA256SUMS`` lists the checksums of all files.
    """
    refuse_existing(path)
    described = {
        "schema": SCHEMA,
        "name": card.name,
        "description": card.description,
        "collections": list(card.collections),
        "event": card.event.model_dump(mode="json"),
    }
    names = {each.output.name for each in card.collections.values()}
    own = tuple(branch_of(name, "") for name in names)
    others = {f"n{name}" for name in names}
    others |= {written_as(each, column) for each in card.collections.values() for column in each.output.columns}
    of_these = {name: one for name, one in branches.items() if name.startswith(own) or name in others}
    with atomic(path) as folder:
        for name in card.collections:
            copytree(releases / name, folder / name)
        (folder / COLLECTIONS).write_bytes(json.dumps(described, indent=1).encode())
        (folder / BRANCHES).write_bytes(branches_to_json(of_these).encode())
        write_sums(folder)
    return load_event(path)


def load_event(path: str | Path) -> EventDetector:
    """The detectors of a release of collections; FlashSimError naming the bad file when one is missing or damaged."""
    folder = Path(path)
    identity = verify(folder, COLLECTIONS)
    described = read_manifest(folder / COLLECTIONS, SCHEMA)
    try:
        event = WholeEvent.model_validate(described["event"])
    except ValidationError as error:
        raise FlashSimError(f"{folder / COLLECTIONS}: is not what FlashSim wrote ({error})") from None
    detectors = {name: load(folder / name) for name in described["collections"]}
    branches = branches_from_json(folder / BRANCHES) if (folder / BRANCHES).is_file() else {}
    return EventDetector(described["name"], described["description"], event, detectors, identity, branches)
