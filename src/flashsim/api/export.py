"""Write a release for programs without Python."""

from collections.abc import Callable
from pathlib import Path

from flashsim.exports import Format, write_export
from flashsim.release import Detector, load


def export(
    release: Detector | str | Path,
    output: str | Path,
    *,
    format: Format,
    member: int = 0,
    progress: Callable[[str], None] | None = None,
) -> dict[str, str]:
    """Write every stage of a release, and the whole detector, for programs without Python, to the folder `output`.

    `format` is ``"onnx"`` or ``"stablehlo"`` (which need the extra of that name), or ``"c"`` (one source file in
    C99). Conditions in physical units and standard normal noise go in, outputs in physical units come out;
    ``description.json`` says which. Of ensembles one `member` is written.
    Returns the files and their checksums.
    """
    detector = release if isinstance(release, Detector) else load(release)
    return write_export(detector.with_member(member), format, Path(output), progress=progress)
