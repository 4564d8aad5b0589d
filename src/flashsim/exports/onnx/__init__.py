"""Graphs of ONNX, in float32, for any number of objects."""

from flashsim.exports.onnx.model import write_onnx

__all__ = ["write_onnx"]
