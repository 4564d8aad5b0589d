"""A model of somebody else as a function of tables: run in child processes, whose end is an error in words."""

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
import weakref
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from flashsim.errors import FlashSimError

WORKER = Path(__file__).with_name("worker.py")
TILE = 2048
"""Objects that `timeout` is for, and that an ONNX file gets at a time."""


@dataclass(frozen=True)
class Program:
    """A compiled function, or an ONNX file: so many `outputs` for so many `conditions` and `noise` numbers an object.

    `details` are what its family needs: the symbol of a library, the names of an ONNX file. As many processes run as
    threads call it at a time; they end when the program is forgotten.
    """

    file: Path
    family: str
    conditions: int
    noise: int
    outputs: int
    timeout: float
    details: Mapping[str, Any] = field(default_factory=dict)
    _idle: list["_Child"] = field(default_factory=list, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        weakref.finalize(self, _end, self._idle)

    @property
    def name(self) -> str:
        """How errors call it: the file and the function in it."""
        symbol = self.details.get("symbol")
        return f"{self.file}" + (f": {symbol}" if symbol else "")

    def check(self) -> None:
        """Raise FlashSimError if the file cannot be loaded, or is not what is said of it."""
        self._idle.append(self._child())

    def __call__(
        self, conditions: Float[np.ndarray, "objects conditions"], noise: Float[np.ndarray, "objects noise"]
    ) -> Float[np.ndarray, "objects outputs"]:
        """The outputs of each object, float32; FlashSimError when the program crashes, hangs or refuses.

        After a crash the same is asked of a new process, once: it may have been the machine's fault.
        """
        try:
            return self._ask(conditions, noise)
        except _CrashedError:
            return self._ask(conditions, noise)

    def _ask(
        self, conditions: Float[np.ndarray, "objects conditions"], noise: Float[np.ndarray, "objects noise"]
    ) -> Float[np.ndarray, "objects outputs"]:
        child = self._child()
        try:
            outputs = child.ask(conditions, noise, self.timeout * (len(conditions) / TILE + 1))
        except BaseException:
            child.end()
            raise
        self._idle.append(child)
        return outputs

    def _child(self) -> "_Child":
        with suppress(IndexError):
            return self._idle.pop()
        described = {name: getattr(self, name) for name in ("family", "conditions", "noise", "outputs", "timeout")}
        return _Child(self.name, described | dict(self.details) | {"file": str(self.file.resolve()), "tile": TILE})


class _CrashedError(FlashSimError):
    """The process is gone."""


class _Child:
    """One process; it ends when its standard input does."""

    def __init__(self, name: str, described: dict[str, Any]) -> None:
        self._name, self._described = name, described
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 (closed by `end`)
        # In a session of its own: Ctrl-C is for the parent, which then closes the input.
        self._process = subprocess.Popen(
            [sys.executable, "-I", str(WORKER), json.dumps(described)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            start_new_session=True,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )
        try:
            self._answer("while it was loaded", described["timeout"] + 60)  # Python itself starts slowly on some disks
        except BaseException:
            self.end()
            raise

    def ask(
        self,
        conditions: Float[np.ndarray, "objects conditions"],
        noise: Float[np.ndarray, "objects noise"],
        seconds: float,
    ) -> Float[np.ndarray, "objects outputs"]:
        content = (np.ascontiguousarray(matrix, dtype=np.float32).tobytes() for matrix in (conditions, noise))
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(len(conditions).to_bytes(8, "little") + b"".join(content))
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._crashed("before it was asked") from None
        answer = self._answer(f"in a call for {len(conditions)} objects", seconds)
        return np.frombuffer(answer, np.float32).reshape(len(conditions), self._described["outputs"])

    def end(self) -> None:
        """Kill the process if it does not end by itself at once."""
        for stream in (self._process.stdin, self._process.stdout, self._said):
            with suppress(OSError):
                stream.close()  # pyright: ignore[reportOptionalMemberAccess]
        self._process.kill()
        self._process.wait()

    def _answer(self, doing: str, seconds: float) -> bytes:
        deadline = time.monotonic() + seconds
        head = self._read(9, doing, deadline)
        content = self._read(int.from_bytes(head[1:], "little"), doing, deadline)
        if head[0]:
            raise FlashSimError(f"{self._name}: {content.decode(errors='replace')}")
        return content

    def _read(self, size: int, doing: str, deadline: float) -> bytes:
        assert self._process.stdout is not None
        pieces, missing = [], size
        while missing:
            ready, _, _ = select.select([self._process.stdout], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                raise FlashSimError(
                    f"{self._name}: no answer {doing} within its time; correct the model, or raise model.timeout = "
                    f"{self._described['timeout']:g} of the card"
                )
            piece = os.read(self._process.stdout.fileno(), min(missing, 1 << 20))
            if not piece:
                raise self._crashed(doing)
            pieces.append(piece)
            missing -= len(piece)
        return b"".join(pieces)

    def _crashed(self, doing: str) -> _CrashedError:
        status = self._process.wait()
        how = f"ended its process with status {status}"
        if status < 0:
            how = f"crashed ({signal.Signals(-status).name})"
        if status == -signal.SIGSEGV:
            sizes = self._described
            how += (
                f": it read or wrote where it must not, perhaps beyond the {sizes['conditions']} conditions, "
                f"{sizes['noise']} random numbers and {sizes['outputs']} outputs that the card says"
            )
        self._said.seek(max(0, self._said.seek(0, os.SEEK_END) - 2000))
        said = self._said.read().decode(errors="replace").strip().splitlines()
        return _CrashedError(f"{self._name}: {how}, {doing}" + (f"; it said: {said[-1].strip()[:200]}" if said else ""))


def _end(children: list[_Child]) -> None:
    while children:
        children.pop().end()
