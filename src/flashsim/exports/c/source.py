"""Write the functions of a detector as one source file in C99 and its header."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from flashsim.exports.c.body import Body
from flashsim.exports.c.elementwise import literals
from flashsim.exports.c.units import plan
from flashsim.exports.expansions import SIMPLE
from flashsim.exports.functions import Exported
from flashsim.exports.trace import trace

PRELUDE = Path(__file__).with_name("prelude.c")


@dataclass
class Constants:
    """The tables of a source file, each once."""

    names: dict[bytes, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    def name(self, array: np.ndarray) -> str:
        """The table of these numbers."""
        values = np.ravel(array if array.dtype == np.float32 else array.astype(np.int32))
        key = values.dtype.str.encode() + values.tobytes()
        if key not in self.names:
            self.names[key] = f"fs_c{len(self.names)}"
            kind = "float" if values.dtype == np.float32 else "int"
            numbers = literals(values)
            rows = [", ".join(numbers[start : start + 12]) for start in range(0, len(numbers), 12)]
            text = ",\n  ".join(rows)
            self.lines.append(f"static const {kind} {self.names[key]}[{len(numbers)}] = {{\n  {text}}};")
        return self.names[key]


def write_c(functions: Sequence[Exported], name: str, about: str, folder: Path) -> list[Path]:
    """Write ``<name>.c`` and ``<name>.h`` with a function for each of `functions`; `about` is a comment."""
    constants = Constants()
    bodies = [_function(exported, constants) for exported in functions]
    header, source = folder / f"{name}.h", folder / f"{name}.c"
    header.write_text(_header(functions, name, about))
    parts = [f"/* {about} */", f'#include "{name}.h"', PRELUDE.read_text(), *constants.lines, *bodies]
    source.write_text("\n\n".join(parts))
    return [source, header]


def signature(exported: Exported) -> str:
    """The declaration of the entry point of a function."""
    inputs = ", ".join(f"const float *{name}" for name in exported.inputs)
    return f"int flashsim_{exported.name}(size_t objects, {inputs}, float *outputs)"


def _header(functions: Sequence[Exported], name: str, about: str) -> str:
    guard = f"FLASHSIM_{name.upper()}_H"
    lines = [
        f"/* {about}\n\n"
        "   Each function reads and writes tables in row-major order, one row an object, of these widths. The last\n"
        "   columns of `outputs` are flags, 0 or 1. It returns 0, or 1 without doing anything when a pointer is NULL.\n"
        "   It allocates nothing, keeps nothing between calls, and may run in several threads at once. */",
        f"#ifndef {guard}\n#define {guard}\n#include <stddef.h>",
        '#ifdef __cplusplus\nextern "C" {\n#endif',
    ]
    for exported in functions:
        prefix = f"#define FLASHSIM_{exported.name.upper()}"
        lines.append("\n".join(f"{prefix}_{one.upper()} {width}" for one, width in exported.widths.items()))
        lines.append(f"{signature(exported)};")
    return "\n\n".join([*lines, "#ifdef __cplusplus\n}\n#endif\n#endif\n"])


def _function(exported: Exported, constants: Constants) -> str:
    graph = trace(exported.function, list(exported.inputs.values()), SIMPLE)
    planned = plan(graph)
    body = Body(planned, constants.name)
    null = " || ".join(f"!{name}" for name in (*exported.inputs, "outputs"))
    loads = [
        f"    fs_load({body.place(value)}, {name} + start * {width}, {width}, count);"
        for (name, width), value in zip(exported.inputs.items(), graph.inputs, strict=True)
    ]
    stores, column, width = [], 0, sum(value.size for value in graph.outputs)
    for value in graph.outputs:
        stores.append(
            f"    for (int o = 0; o < count; o++)\n      for (int i = 0; i < {value.size}; i++)\n"
            f"        outputs[(start + (size_t)o) * {width} + {column} + i] = (float)({body.place(value)})"
            "[i * FS_BLOCK + o];"
        )
        column += value.size
    kilobytes = (planned.numbers + planned.wholes) * 32 * 4 / 1024
    return "\n".join(
        [
            f"/* {exported.name}: {kilobytes:.0f} kB of stack. */",
            f"static void fs_block_{exported.name}(float *restrict f, int *restrict w) {{",
            *body.lines(),
            "  (void)w;",
            "}",
            "",
            f"{signature(exported)} {{",
            f"  float f[{planned.numbers} * FS_BLOCK];",
            f"  int w[{planned.wholes} * FS_BLOCK];",
            f"  if (objects && ({null})) return 1;",
            "  for (size_t start = 0; start < objects; start += FS_BLOCK) {",
            "    const int count = objects - start < FS_BLOCK ? (int)(objects - start) : FS_BLOCK;",
            *loads,
            f"    fs_block_{exported.name}(f, w);",
            *stores,
            "  }",
            "  return 0;",
            "}",
            "",
        ]
    )
