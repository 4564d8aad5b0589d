"""The child process that runs somebody's model: what it breaks, it breaks here.

Run as a script, with NumPy alone (and onnxruntime for an ONNX file). The first argument is a JSON object with what
the model is; questions come on standard input, answers leave on standard output:

question
    number of objects (8 bytes, little endian), then their conditions and their random numbers, float32
answer
    one byte (0: well, 1: refused), length (8 bytes), then the outputs, float32, or a sentence
"""

import ctypes
import json
import mmap
import os
import resource
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Any, BinaryIO

import numpy as np

Run = Callable[[np.ndarray, np.ndarray], np.ndarray]
UNWRITTEN = np.uint32(0x7FE1_A5E5)
"""A not-a-number that no computation gives."""
NO_ACCESS = 0
"""PROT_NONE of POSIX."""


class RefusedError(Exception):
    """The model is not what the card says."""


def library(described: dict[str, Any]) -> Run:
    """One call of the compiled function for each object."""
    try:
        opened = ctypes.CDLL(described["file"])
    except OSError as error:
        raise RefusedError(f"cannot be loaded as a shared library ({error})") from None
    try:
        function = getattr(opened, described["symbol"])
    except AttributeError:
        raise RefusedError(f"has no function {described['symbol']!r}; nm -D lists those that it has") from None
    reads, takes, gives = (Guarded(described[name]) for name in ("conditions", "noise", "outputs"))
    pointers = [gives.pointer, reads.pointer] + ([takes.pointer] if described["noise"] else [])
    function.argtypes, function.restype = [ctypes.c_void_p] * len(pointers), ctypes.c_void_p
    written = gives.values.view(np.uint32)

    def run(conditions: np.ndarray, noise: np.ndarray) -> np.ndarray:
        outputs = np.empty((len(conditions), described["outputs"]), np.float32)
        for row in range(len(conditions)):
            reads.values[:], takes.values[:], written[:] = conditions[row], noise[row], UNWRITTEN
            function(*pointers)
            outputs[row] = gives.values
        missing = outputs.view(np.uint32) == UNWRITTEN
        if missing.any():
            raise RefusedError(
                f"gives {int((~missing.any(axis=0)).sum())} outputs, the card says {described['outputs']}"
            )
        return outputs

    return run


class Guarded:
    """Numbers that end where forbidden memory begins: whoever goes beyond them is stopped at once."""

    def __init__(self, size: int) -> None:
        page = mmap.PAGESIZE
        length = -(-4 * size // page) * page
        self._memory = mmap.mmap(-1, length + page)
        start = ctypes.addressof(ctypes.c_char.from_buffer(self._memory))
        protect = ctypes.CDLL(None, use_errno=True).mprotect
        if protect(ctypes.c_void_p(start + length), ctypes.c_size_t(page), NO_ACCESS):
            raise OSError(ctypes.get_errno(), "mprotect")
        self.values = np.frombuffer(self._memory, np.float32, size, length - 4 * size)
        self.pointer = start + length - 4 * size


def onnx(described: dict[str, Any]) -> Run:
    """The ONNX file, in batches of one size: what it computes for an object does not depend on how many there are."""
    try:
        import onnxruntime
    except ImportError:
        raise RefusedError("needs a package that is missing: pip install 'flashsim[onnx]'") from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(described["file"], options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own errors have no common class
        raise RefusedError(f"cannot be loaded as an ONNX file ({' '.join(str(error).split())[:200]})") from None
    wanted = {described["names"]["conditions"]: described["conditions"]}
    if described["noise"]:
        wanted[described["names"]["random"]] = described["noise"]
    tile = described["tile"]
    fixed = [_checked(session.get_inputs(), "input", name, width) for name, width in wanted.items()]
    fixed.append(_checked(session.get_outputs(), "output", described["names"]["output"], described["outputs"]))
    surplus = {one.name for one in session.get_inputs()} - wanted.keys()
    if surplus:
        raise RefusedError(
            f"also wants the input {min(surplus)!r}, which the card does not give (random: the noise's name)"
        )
    size = next((int(one) for one in fixed if isinstance(one, int)), tile)

    def run(conditions: np.ndarray, noise: np.ndarray) -> np.ndarray:
        outputs = np.empty((len(conditions), described["outputs"]), np.float32)
        for start in range(0, len(conditions), size):
            feeds = {}
            for name, rows in zip(wanted, (conditions, noise), strict=False):
                feeds[name] = np.zeros((size, rows.shape[1]), np.float32)
                feeds[name][: len(rows) - start] = rows[start : start + size]
            (found,) = session.run([described["names"]["output"]], feeds)
            outputs[start : start + size] = np.asarray(found)[: len(conditions) - start]
        return outputs

    return run


def _checked(there: Sequence[Any], what: str, name: str, width: int) -> int | str | None:
    """The number of objects that the file fixes; a word or nothing where it leaves it open."""
    found = next((one for one in there if one.name == name), None)
    if found is None:
        raise RefusedError(f"has no {what} {name!r}; it has {', '.join(one.name for one in there)}")
    fits = len(found.shape) == 2 and (found.shape[1] == width or not isinstance(found.shape[1], int))
    if found.type != "tensor(float)" or not fits:
        raise RefusedError(
            f"{what} {name!r} is {found.type} of shape {found.shape}; the card makes it float32 of objects × {width}"
        )
    return found.shape[0]


def main() -> None:
    """Say whether the model can be used, then answer questions until there are no more."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    answers, questions = os.fdopen(os.dup(1), "wb"), sys.stdin.buffer
    os.dup2(2, 1)  # what the model prints is no answer
    described = json.loads(sys.argv[1])
    try:
        run = {"shared-library": library, "onnx": onnx}[described["family"]](described)
    except RefusedError as error:
        _answer(answers, 1, str(error).encode())
        return
    _answer(answers, 0, b"")
    while head := questions.read(8):
        rows = int.from_bytes(head, "little")
        conditions, noise = (_matrix(questions, rows, described[name]) for name in ("conditions", "noise"))
        # Should the parent be gone, nobody else ends a model that hangs.
        signal.setitimer(signal.ITIMER_REAL, described["timeout"] * (rows / described["tile"] + 1) + 10)
        try:
            _answer(answers, 0, run(conditions, noise).tobytes())
        except Exception as error:  # whatever it is, the parent is told, and the next question may come
            _answer(answers, 1, " ".join(str(error).split())[:500].encode())
        signal.setitimer(signal.ITIMER_REAL, 0)


def _matrix(questions: BinaryIO, rows: int, width: int) -> np.ndarray:
    return np.frombuffer(questions.read(4 * rows * width), np.float32).reshape(rows, width)


def _answer(answers: BinaryIO, status: int, content: bytes) -> None:
    answers.write(bytes([status]) + len(content).to_bytes(8, "little") + content)
    answers.flush()


if __name__ == "__main__":
    main()
