"""Releases: a detector on disk, immutable, named by the hash of its content, verified when loaded."""

from flashsim.release.detector import Detector
from flashsim.release.load import load, verify
from flashsim.release.origin import card_origin, find_card, package_folder
from flashsim.release.save import save, sha256

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
