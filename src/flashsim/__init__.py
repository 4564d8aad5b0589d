"""FlashSim: flash simulation of particle detectors.

Learn what a detector does to an event from a sample of full simulation, then do it without transporting
any particle through matter. `init_card`, `read_card`, `train`, `simulate`, `validate`, `compare`, `export` and
`load` are the verbs of the command line.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flashsim.api import (
        compare,
        compare_events,
        export,
        load,
        simulate,
        train,
        train_events,
        validate,
        validate_events,
    )
    from flashsim.card import read_card
    from flashsim.drafts import init_card
    from flashsim.errors import FlashSimError

_HOMES = {
    "FlashSimError": "flashsim.errors",
    "compare": "flashsim.api",
    "compare_events": "flashsim.api",
    "export": "flashsim.api",
    "init_card": "flashsim.drafts",
    "load": "flashsim.api",
    "read_card": "flashsim.card",
    "simulate": "flashsim.api",
    "train": "flashsim.api",
    "train_events": "flashsim.api",
    "validate": "flashsim.api",
    "validate_events": "flashsim.api",
}

__all__ = [
    "FlashSimError",
    "compare",
    "compare_events",
    "export",
    "init_card",
    "load",
    "read_card",
    "simulate",
    "train",
    "train_events",
    "validate",
    "validate_events",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: ``flashsim --help`` need not wait for JAX."""
    if name not in _HOMES:
        raise AttributeError(f"module 'flashsim' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
