"""Each format of an export as a function of arrays, as a user would run it."""

import ctypes
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import jax
import numpy as np
import pytest

from flashsim.exports.c import write_c
from flashsim.exports.functions import Exported
from flashsim.exports.onnx import write_onnx
from flashsim.exports.stablehlo import write_stablehlo

Run = Callable[[np.ndarray, np.ndarray], list[np.ndarray]]
CC = ["cc", "-std=c99", "-O1", "-Wall", "-Wextra", "-Werror"]


def in_onnx(functions: Sequence[Exported], folder: Path) -> dict[str, Run]:
    """Each function as ONNX Runtime runs it."""
    runtime = pytest.importorskip("onnxruntime", reason="pip install 'flashsim[onnx]'")

    def run(exported: Exported) -> Run:
        file = write_onnx(exported, {}, folder)
        session = runtime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
        return lambda *tables: session.run(None, dict(zip(exported.inputs, tables, strict=True)))

    return {exported.name: run(exported) for exported in functions}


def in_stablehlo(functions: Sequence[Exported], folder: Path) -> dict[str, Run]:
    """Each function as JAX reads it back."""

    def run(exported: Exported) -> Run:
        function = jax.export.deserialize(bytearray(write_stablehlo(exported, folder)[1].read_bytes()))
        return lambda *tables: [np.asarray(one) for one in function.call(*tables)]

    return {exported.name: run(exported) for exported in functions}


def in_c(functions: Sequence[Exported], folder: Path) -> dict[str, Run]:
    """Each function as a C compiler builds it, called from Python."""
    if shutil.which("cc") is None:
        pytest.skip("no C compiler `cc` on this machine")
    source, _ = write_c(functions, "toy", "a test", folder)
    library = folder / "toy.so"
    subprocess.run([*CC, "-fPIC", "-shared", str(source), "-o", str(library), "-lm"], check=True)
    loaded = ctypes.CDLL(str(library))
    table = np.ctypeslib.ndpointer(np.float32, 2, flags="C_CONTIGUOUS")

    def run(exported: Exported) -> Run:
        function = getattr(loaded, f"flashsim_{exported.name}")
        function.argtypes = [ctypes.c_size_t, table, table, table]

        def call(*tables: np.ndarray) -> list[np.ndarray]:
            made = np.full((len(tables[0]), exported.widths["outputs"]), -77, np.float32)
            assert function(len(made), *tables, made) == 0
            width = exported.outputs["outputs"]
            return [made[:, :width], *(made[:, column] > 0 for column in range(width, made.shape[1]))]

        return call

    return {exported.name: run(exported) for exported in functions}


FORMATS = {"onnx": in_onnx, "stablehlo": in_stablehlo, "c": in_c}
