"""The side that asks: a child process that measures one of its tasks at a time, and waits in between."""

import json
import os
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

HERE = Path(__file__).parent
ON_THE_CPU = {"JAX_PLATFORMS": "cpu", "CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "2"}


class Rate(NamedTuple):
    """Rows a second on the wall, and a second of one core: the latter means more when others use the machine."""

    wall: float
    core: float


class Child:
    """`<name>_rates.py` under its own interpreter, on the data of a file."""

    def __init__(self, name: str, interpreter: str | Path, data: Path, environment: dict[str, str] | None = None):
        self.name, self._errors = name, tempfile.TemporaryFile("w+")  # noqa: SIM115 (closed with the child)
        self._process = subprocess.Popen(
            [str(interpreter), str(HERE / f"{name}_rates.py"), str(data)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env={**os.environ, **ON_THE_CPU, **(environment or {})},
        )
        about = self._answer()
        self.versions: dict[str, str] = about["versions"]
        self.tasks: list[str] = about["tasks"]

    def rate(self, task: str, seconds: float) -> Rate:
        """What a task does when it is measured for at least so long."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"task": task, "seconds": seconds}) + "\n")
        self._process.stdin.flush()
        answer = self._answer()
        return Rate(answer["rows"] / answer["seconds"], answer["rows"] / answer["core_seconds"])

    def _answer(self) -> dict:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._process.wait()
            self._errors.seek(0)
            raise SystemExit(f"{self.name}: ended before it answered:\n{self._errors.read()[-3000:]}")
        return json.loads(line)

    def __enter__(self) -> "Child":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()  # the end of its input ends it
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._errors.close()
