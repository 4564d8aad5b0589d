"""Flags that lie in one another by what they mean: tight in medium in loose. One level is drawn for them."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Float

from flashsim.drafts.names import words_of

POINTS = {"loose", "medium", "tight", "vloose", "vvloose", "vvvloose", "vtight", "vvtight", "very", "wp", "wpl"}
FEWEST = 3
"""Fewer objects than this with the looser flag alone say nothing."""


@dataclass(frozen=True)
class Chain:
    """Flags from the loosest to the tightest, each of which implies those before it."""

    flags: tuple[str, ...]

    @property
    def expression(self) -> str:
        """How many of them are set."""
        return " + ".join(self.flags)

    def conditions(self, level: str) -> dict[str, str]:
        """When each flag is set, by that number."""
        return {flag: f"{level} > {place}" for place, flag in enumerate(self.flags)}


def chains_of(flags: Mapping[str, Float[np.ndarray, " n"]]) -> list[Chain]:
    """Flags whose names differ by a working point alone, and which never contradict each other."""
    stems: dict[str, list[str]] = {}
    for name in flags:
        words = words_of(name)
        rest = [word for word in words if word not in POINTS and not word.isdigit()]
        if len(rest) < len(words):
            stems.setdefault("_".join([*rest, *_versions(name)]), []).append(name)
    found = []
    for names in stems.values():
        ordered = tuple(sorted(names, key=lambda name: -float(flags[name].sum())))
        if len(ordered) > 1 and all((flags[tight] <= flags[loose]).all() for loose, tight in pairwise(ordered)):
            found.append(Chain(ordered))
    return found


def _versions(name: str) -> list[str]:
    """Numbers of a name that are no working point: those that are not its end."""
    words = words_of(name)
    return [word for word in words[:-1] if word.isdigit() and int(word) < 50]


def implied_by(flag: str, flags: Mapping[str, Float[np.ndarray, " n"]]) -> str | None:
    """A flag that another one never is without, and shares a word with: ``mediumId`` of ``mediumPromptId``."""
    words = set(words_of(flag)) - {"id", "is"}
    for other, values in flags.items():
        if other == flag or not words & (set(words_of(other)) - {"id", "is"}):
            continue
        alone = (values > 0) & (flags[flag] == 0)
        if flags[flag].sum() >= FEWEST and alone.sum() >= FEWEST and (flags[flag] <= values).all():
            return other
    return None
