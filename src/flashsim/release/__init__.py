"""Releases: a detector on disk, immutable, named by the hash of its content, verified when loaded."""

from flashsim.files import sha256
from flashsim.release.detector import Detector
from flashsim.release.load import load, verify
from flashsim.release.origin import card_origin, find_card, package_folder
from flashsim.release.save import save

__all__ = [
    "Detector",
    "card_origin",
    "find_card",
    "load",
    "package_folder",
    "save",
    "sha256",
    "verify",
]
