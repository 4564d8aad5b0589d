"""Which columns are the generator's and which are reconstructed, told by their names, and which belong together."""

import fnmatch
import keyword
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from flashsim.card.functions import FUNCTIONS
from flashsim.errors import FlashSimError

Role = Literal["truth", "reconstructed"]

TRUTH_WORDS = {"gen", "generated", "generator", "true", "truth", "mc", "mctruth", "mctrue", "sim"}
RECONSTRUCTED_WORDS = {"rec", "reco", "reconstructed", "meas", "measured", "det", "smeared"}
MARKS: dict[Role, set[str]] = {"truth": TRUTH_WORDS, "reconstructed": RECONSTRUCTED_WORDS}
PARTICLE_IDS = {"pid", "pdgid", "pdg", "trueid"}
KINEMATICS = PARTICLE_IDS | {
    *("px", "py", "pz", "pt", "p", "e", "energy", "m", "mass", "eta", "phi", "theta", "y", "rapidity"),
    *("x", "z", "t", "vx", "vy", "vz", "vt", "tx", "ty", "q", "status"),
}
INDICES = {"idx", "index", "link", "links", "barcode", "key", "mother", "daughter", "row", "uid"}
WEIGHTS = {"weight", "sweight", "weights", "sw"}
RUNS = ("run", "runnumber", "irun", "runno")
EVENTS = ("event", "eventnumber", "evt", "evtnumber", "eventid", "ievent", "ievt", "evtid")


@dataclass(frozen=True)
class Named:
    """A column with its role, what its name says without that (`stem`), and whether the role was clear."""

    name: str
    role: Role
    stem: str
    why: str
    is_clear: bool = True


def words_of(name: str) -> tuple[str, ...]:
    """The words of a name, in lower case: ``genJet_pt`` and ``gen_jetPt`` are gen, jet, pt."""
    return tuple(word.lower() for word in re.findall(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+", name))


def _marked(name: str) -> tuple[Role | None, str]:
    """The role that a word of a name states, and the other words."""
    words = words_of(name)
    # LHCb writes mu_TRUEP_X for the truth of mu_PX.
    words = tuple(part for w in words for part in (("true", w[4:]) if w.startswith("true") and w[4:] else (w,)) if part)
    for role, marks in MARKS.items():
        rest = tuple(word for word in words if word not in marks)
        if rest and len(rest) < len(words):
            return role, "".join(rest)
    return None, "".join(words)


def roles(names: Sequence[str], truth: Sequence[str] = (), reconstructed: Sequence[str] = ()) -> dict[str, Named]:
    """The role of each column; patterns of the user's own come first, `*` standing for anything."""
    by_hand = _by_hand(names, {"truth": truth, "reconstructed": reconstructed})
    marked = {name: _marked(name) for name in names}
    stems = {role: {stem for own, stem in marked.values() if own == role} for role in ("truth", "reconstructed")}
    found: dict[str, Named] = {}
    for name in names:
        role, stem = marked[name]
        if name in by_hand:
            found[name] = Named(name, by_hand[name], stem, "you said so")
        elif role is not None:
            found[name] = Named(name, role, stem, "by a word in its name")
        else:
            found[name] = _unmarked(name, stem, stems["truth"], stems["reconstructed"])
    return found


def _unmarked(name: str, stem: str, truth: set[str], reconstructed: set[str]) -> Named:
    """A column whose name has no such word: beside what is it?"""
    if stem in truth:
        return Named(name, "reconstructed", stem, "the generator's is beside it")
    if stem in reconstructed:
        return Named(name, "truth", stem, "the reconstructed one is beside it")
    words = set(words_of(name)) | {stem}
    if words & PARTICLE_IDS:
        return Named(name, "truth", stem, "a particle's kind")
    if not truth and words & KINEMATICS:
        why = "a particle's kinematics, and no column is marked as the generator's"
        return Named(name, "truth", stem, why, is_clear=False)
    is_clear = bool(truth and not reconstructed)
    return Named(name, "reconstructed", stem, "nothing in its name says generator", is_clear)


def _by_hand(names: Sequence[str], patterns: dict[Role, Sequence[str]]) -> dict[str, Role]:
    found: dict[str, Role] = {}
    for role, given in patterns.items():
        for pattern in given:
            matches = fnmatch.filter(names, pattern)
            if not matches:
                raise FlashSimError(
                    f"--{role} {pattern!r}: no column of numbers has such a name; there are {_few(names)}"
                )
            for name in matches:
                if found.get(name, role) != role:
                    raise FlashSimError(f"--{role} {pattern!r}: {name!r} is given as the other as well")
                found[name] = role
    return found


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:12]) + (", …" if len(names) > 12 else "")


def identity(numbers: Iterable[str]) -> tuple[str | None, str | None]:
    """The columns of run and event number, if names tell them."""
    plain = {"".join(words_of(name)): name for name in numbers}
    run, event = (next((plain[one] for one in known if one in plain), None) for known in (RUNS, EVENTS))
    return run, event


def key_of(name: str, taken: set[str], prefix: str) -> str:
    """A name for a column that formulas can use: the file's own if possible."""
    key = re.sub(r"\W", "_", name, flags=re.ASCII)
    if not key or not re.match(r"[A-Za-z_]", key) or keyword.iskeyword(key) or key in FUNCTIONS:
        key = f"{prefix}_{key}"
    base, number = key, 2
    while key in taken:
        key, number = f"{base}_{number}", number + 1
    taken.add(key)
    return key
