"""A trained detector for programs without Python: ONNX, StableHLO, or one source file in C99."""

from flashsim.exports.write import DESCRIPTION, Format, write_export

__all__ = ["DESCRIPTION", "Format", "write_export"]
