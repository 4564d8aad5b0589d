"""Write a detector for programs without Python: every stage and the whole chain, with a description and an example."""

import json
import string
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, get_args

from flashsim.errors import FlashSimError, nearest
from flashsim.exports.c import write_c
from flashsim.exports.chain import Chain
from flashsim.exports.describe import describe
from flashsim.exports.functions import Exported, exported_detector, exported_stage
from flashsim.exports.onnx import write_onnx
from flashsim.exports.stablehlo import write_stablehlo
from flashsim.files import atomic, refuse_existing
from flashsim.release import Detector, sha256

Format = Literal["onnx", "stablehlo", "c"]
DESCRIPTION = "description.json"
EXAMPLES = Path(__file__).with_name("examples")


def write_export(
    detector: Detector, format: Format, output: Path, *, progress: Callable[[str], None] | None = None
) -> dict[str, str]:
    """Write `detector` to the folder `output`, which must not exist; return the files and their checksums.

    Raises FlashSimError when a package is missing, or a family has an operation that the format lacks. Where the
    card's formulas are no function of one object, the description says why the whole detector is left out.
    """
    if format not in get_args(Format):
        raise FlashSimError(f"unknown format {format!r}{nearest(format, get_args(Format))}")
    refuse_existing(output)
    functions = [exported_stage(trained) for trained in detector.stages]
    chain, reason = _chain(detector, [one.name for one in functions])
    if chain is not None:
        functions.append(exported_detector(chain))
    with atomic(output) as folder:
        folder.mkdir(parents=True)
        _write(format, functions, detector, folder, progress or (lambda _: None))
        _write_example(format, functions, detector, folder)
        files = {path.name: sha256(path) for path in sorted(folder.iterdir())}
        described = describe(detector, chain, reason) | {"format": format, "files": files}
        (folder / DESCRIPTION).write_text(json.dumps(described, indent=1, allow_nan=False) + "\n")
    return files


def _chain(detector: Detector, stages: Sequence[str]) -> tuple[Chain | None, str | None]:
    chain = Chain(detector)
    try:
        if not chain.inputs:
            raise FlashSimError("the detector reads no truth at all")
        if "detector" in stages:
            raise FlashSimError("a stage has the name 'detector'")
    except FlashSimError as error:
        return None, str(error)
    return chain, None


def _write(
    format: Format, functions: Sequence[Exported], detector: Detector, folder: Path, progress: Callable[[str], None]
) -> None:
    about = {"name": detector.card.name, "release": detector.hash}
    if format == "c":
        progress("all")
        write_c(functions, detector.card.name, f"{detector.card.name}, release {detector.hash}", folder)
        return
    for exported in functions:
        progress(exported.name)
        try:
            if format == "onnx":
                write_onnx(exported, about, folder)
            else:
                write_stablehlo(exported, folder)
        except FlashSimError as error:
            raise FlashSimError(f"{exported.name}: {error}") from None


def _write_example(format: Format, functions: Sequence[Exported], detector: Detector, folder: Path) -> None:
    """The example of the format, for the last function: the whole detector where there is one."""
    exported = functions[-1]
    values = {
        "name": detector.card.name,
        "release": detector.hash,
        "function": exported.name,
        "FUNCTION": exported.name.upper(),
        "first": next(iter(exported.inputs)),
        "FIRST": next(iter(exported.inputs)).upper(),
        "first_width": str(next(iter(exported.inputs.values()))),
        "noise_width": str(exported.inputs["noise"]),
        "outputs_width": str(exported.outputs["outputs"]),
    }
    for template in sorted((EXAMPLES / format).iterdir()):
        (folder / template.name).write_text(string.Template(template.read_text()).substitute(values))
