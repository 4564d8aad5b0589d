"""The words of a text of lines, found and turned into numbers for all lines together."""

import numpy as np
import pyarrow as pa
from jaxtyping import Float64, Int64

_NEWLINE, _SPACE = 10, 32
_EVERY_SECOND = np.uint8(0b01010101)
"""Of eight entries, in the bits by which Arrow says which are there."""


class Lines:
    """A text of whole lines whose words are separated by white space; one word after the other, from 0.

    `first` is the first word of each line that has any, `words` how many there are in it, and `kind` the letter that
    the line consists of up to the first space (0 where that is a longer word). Nothing here goes line by line: a file
    has a line for each particle.
    """

    def __init__(self, text: bytes) -> None:
        self._text = text if text.endswith(b"\n") else text + b"\n"
        letters = np.frombuffer(self._text, dtype=np.uint8)
        ends = np.flatnonzero(letters <= _SPACE)
        starts = np.concatenate([[0], ends[:-1] + 1])
        if not (some := ends > starts).all():
            starts, ends = starts[some], ends[some]
        self._starts, self._ends = starts, ends
        begins: np.ndarray = letters[starts - 1] == _NEWLINE  # the first word's is the last letter of the text
        self.first: Int64[np.ndarray, " lines"] = np.flatnonzero(begins)
        self.words: Int64[np.ndarray, " lines"] = np.diff(self.first, append=len(starts))
        single = ends[self.first] - starts[self.first] == 1
        self.kind: np.ndarray = np.where(single, letters[starts[self.first]], 0)

    def of_kind(self, letter: str) -> Int64[np.ndarray, " these"]:
        """The places of all lines that begin with a letter."""
        return np.flatnonzero(self.kind == ord(letter))

    def word(self, line: int, place: int) -> str:
        """One word of a line."""
        index = self.first[line] + place
        return self._text[self._starts[index] : self._ends[index]].decode(errors="replace")

    def integers(self, lines: Int64[np.ndarray, " these"], place: int) -> Int64[np.ndarray, " these"]:
        """The word at a place of each of the lines, which are in order; ValueError where one is no integer."""
        return self._numbers(self.first[lines] + place, pa.int64())

    def reals(self, lines: Int64[np.ndarray, " these"], place: int, count: int) -> Float64[np.ndarray, "these _"]:
        """So many words from a place on of each of the lines, which are in order; ValueError for what is no number."""
        index = self.first[lines][:, None] + np.arange(place, place + count)
        return self._numbers(index.ravel(), pa.float64()).reshape(len(lines), count)

    def _numbers(self, index: Int64[np.ndarray, " words"], kind: pa.DataType) -> np.ndarray:
        """Arrow reads decimals to the last bit. To it the text is words and what is between them, which is left out."""
        dtype = kind.to_pandas_dtype()
        if len(index) == 0:
            return np.zeros(0, dtype=dtype)
        bounds = np.empty(2 * len(index) + 1, dtype=np.int64)
        bounds[0:-1:2], bounds[1::2], bounds[-1] = self._starts[index], self._ends[index], len(self._text)
        valid = np.full(len(index) // 4 + 1, _EVERY_SECOND)
        buffers = [pa.py_buffer(valid), pa.py_buffer(bounds), pa.py_buffer(self._text)]
        numbers = pa.Array.from_buffers(pa.large_string(), 2 * len(index), buffers).cast(kind)
        return np.frombuffer(numbers.buffers()[1], dtype=dtype, count=2 * len(index))[::2]
