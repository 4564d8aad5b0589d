"""The verbs of the command line."""

from flashsim.cli import card, compare, demo, export, inspect, models, reference, simulate, train, validate
from flashsim.cli.app import app, main

__all__ = [
    "app",
    "card",
    "compare",
    "demo",
    "export",
    "inspect",
    "main",
    "models",
    "reference",
    "simulate",
    "train",
    "validate",
]
