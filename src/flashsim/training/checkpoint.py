"""The state of a training run on disk: it goes on where it stopped, with the same bits."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import safetensors.numpy
from safetensors import SafetensorError

from flashsim.files import atomic
from flashsim.nets import named_arrays, with_named_arrays

State = TypeVar("State")
FILE = "state.safetensors"


def save_checkpoint(folder: Path, state: Any, history: Sequence[Any], fingerprint: str) -> None:
    """Write the state and its history as one file, atomically."""
    metadata = {
        "fingerprint": fingerprint,
        "history": json.dumps([asdict(epoch) for epoch in history]),
    }
    with atomic(folder / FILE) as part:
        part.write_bytes(safetensors.numpy.save(named_arrays(state), metadata))


def load_checkpoint(folder: Path, state: State, fingerprint: str, epoch: Callable[..., Any]) -> tuple[State, list[Any]]:
    """The saved state and history, or `state` and no history where there is none for this `fingerprint`.

    A checkpoint of other data or other settings, or one that cannot be read, is left aside: training
    then starts anew, which is always right.
    """
    path = folder / FILE
    if not path.exists():
        return state, []
    try:
        with safetensors.safe_open(path, "numpy") as file:
            metadata = file.metadata() or {}
            if metadata.get("fingerprint") != fingerprint:
                return state, []
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
    except SafetensorError:
        return state, []
    history = [epoch(**values) for values in json.loads(metadata["history"])]
    return with_named_arrays(state, arrays, origin=str(path)), history
