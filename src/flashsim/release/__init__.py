"""Releases: a detector on disk, immutable, named by the hash of its content, verified when loaded."""

from flashsim.release.detector import Detector
from flashsim.release.load import load, verify
from flashsim.release.save import save

__all__ = ["Detector", "load", "save", "verify"]
