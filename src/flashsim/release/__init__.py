"""Releases: a detector on disk, immutable, named by the hash of its content, verified when loaded."""

from flashsim.files import sha256
from flashsim.release.detector import Detector
from flashsim.release.event import EventDetector, is_event_release, load_event, save_event
from flashsim.release.load import load, verify
from flashsim.release.origin import card_origin, find_card, package_folder
from flashsim.release.save import save

__all__ = [
    "Detector",
    "EventDetector",
    "card_origin",
    "find_card",
    "is_event_release",
    "load",
    "load_event",
    "package_folder",
    "save",
    "save_event",
    "sha256",
    "verify",
]
