"""The verbs as functions: train a card, simulate events, validate a release, compare two samples."""

from flashsim.api.compare import compare
from flashsim.api.export import export
from flashsim.api.judge_events import compare_events, validate_events
from flashsim.api.simulate import simulate
from flashsim.api.train import train
from flashsim.api.train_events import train_events
from flashsim.api.validate import validate
from flashsim.release import load

__all__ = [
    "compare",
    "compare_events",
    "export",
    "load",
    "simulate",
    "train",
    "train_events",
    "validate",
    "validate_events",
]
