"""The verbs of the command line."""

from flashsim.cli import demo, inspect, reference, simulate, train, validate
from flashsim.cli.app import app, main

__all__ = ["app", "demo", "inspect", "main", "reference", "simulate", "train", "validate"]
