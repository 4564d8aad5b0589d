"""One source file in C99 without dependencies: blocks of objects, one loop a step, vectorisable by the compiler."""

from flashsim.exports.c.source import write_c

__all__ = ["write_c"]
