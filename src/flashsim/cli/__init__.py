"""The verbs of the command line."""

from flashsim.cli import demo, inspect, models, reference, simulate, train, validate
from flashsim.cli.app import app, main

__all__ = ["app", "demo", "inspect", "main", "models", "reference", "simulate", "train", "validate"]
