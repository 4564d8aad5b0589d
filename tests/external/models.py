"""Models of somebody else, as they come: a compiled library and an ONNX file with responses in closed form."""

import subprocess
from pathlib import Path

import numpy as np

C = """
#include <stdlib.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>
/* in: p, tx. Efficiency of the second class. */
float *efficiency(float *out, const float *in) { out[0] = 1 - expf(-in[0] / 10); return out; }
float *types(float *out, const float *in) { out[0] = 0.5; out[1] = 0.25; out[2] = 0.25; return out; }
float *wrong_sum(float *out, const float *in) { out[0] = 0.5; out[1] = 0.9; return out; }
/* out: dp in MeV, dtx. */
float *resolution(float *out, const float *in, const float *noise) {
  puts("what a model prints is not for anyone");
  out[0] = 1000 * 0.01f * in[0] * noise[0];
  out[1] = 1e-3f * noise[1] + 0 * in[1];
  return out;
}
float *segfault(float *out, const float *in, const float *noise) { *(volatile float *)8 = 1; return out; }
float *aborts(float *out, const float *in, const float *noise) { fputs("weights are gone\\n", stderr); abort(); }
float *aborts_once(float *out, const float *in, const float *noise) {
  if (access("@marker@", F_OK)) { fclose(fopen("@marker@", "w")); abort(); }
  return resolution(out, in, noise);
}
float *leaves(float *out, const float *in, const float *noise) { exit(3); }
float *hangs(float *out, const float *in, const float *noise) { for (;;) sleep(1); }
float *nan_for_some(float *out, const float *in, const float *noise) {
  out[0] = 0; out[1] = in[0] > 10 ? NAN : 0; return out;
}
float *too_few(float *out, const float *in, const float *noise) { out[0] = 1; return out; }
float *too_many(float *out, const float *in, const float *noise) { for (int i = 0; i < 3; i++) out[i] = 1; return out; }
float *reads_beyond(float *out, const float *in, const float *noise) { out[0] = out[1] = noise[2]; return out; }
"""


def compile_library(folder: Path) -> Path:
    """The functions above as a shared library."""
    (folder / "model.c").write_text(C.replace("@marker@", str(folder / "marker")))
    library = folder / "model.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-w", "-o", library, folder / "model.c", "-lm"], check=True)
    return library


def write_onnx(path: Path, *, conditions: int = 2, noise: int = 2, fixed: int | None = None) -> Path:
    """outputs = noise @ diag(0.01, 0.001) + 0 · conditions."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    objects = fixed or "objects"
    scale = np.zeros((noise, 2), np.float32)
    scale[0, 0], scale[1, 1] = 0.01, 0.001
    constants = [
        numpy_helper.from_array(scale, "scale"),
        numpy_helper.from_array(np.zeros((conditions, 2), np.float32), "zero"),
    ]
    nodes = [
        helper.make_node("MatMul", ["noise", "scale"], ["a"]),
        helper.make_node("MatMul", ["conditions", "zero"], ["b"]),
        helper.make_node("Add", ["a", "b"], ["outputs"]),
    ]
    info = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "response",
        [
            info("conditions", TensorProto.FLOAT, [objects, conditions]),
            info("noise", TensorProto.FLOAT, [objects, noise]),
        ],
        [info("outputs", TensorProto.FLOAT, [objects, 2])],
        constants,
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


CARD = """
schema = 1
name = "brought"

[columns]
pid = ""
px = "GeV"
py = "GeV"
pz = "GeV"

[derive]
p = "sqrt(px**2 + py**2 + pz**2)"
tx = "px / pz"

[reconstructed]
rec_p = { unit = "GeV", from = "p + dp" }
rec_tx = { unit = "", from = "tx + dtx" }

[[stage]]
name = "efficiency"
kind = "category"
given = ["p"]
predict = "found"
model = { family = "shared-library", file = "model.so", symbol = "efficiency", classes = [0, 1], outputs = 1 }

[[stage]]
name = "resolution"
kind = "response"
where = "found > 0"
given = ["p", "tx"]
predict = { dp = { unit = "MeV" }, dtx = {} }
model = { family = "shared-library", file = "model.so", symbol = "resolution", noise = 2, timeout = 5.0 }

[output]
name = "track"
where = "found > 0"
columns = ["found", "rec_p", "rec_tx"]
"""
