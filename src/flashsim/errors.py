"""The one error that users meet: it names the file, the key or the row, and how to mend it."""

import difflib
from collections.abc import Iterable


class FlashSimError(Exception):
    """Input from outside that cannot be used; the message says where, what, and how to mend it.

    The command line prints the message without a traceback and leaves with status 2.
    """


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint such as ``" (did you mean 'vz'?)"``, or an empty string when no known name is near."""
    matches = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f" (did you mean {matches[0]!r}?)" if matches else ""
