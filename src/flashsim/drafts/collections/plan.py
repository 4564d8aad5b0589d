"""What a kind of files has: its collections, what they may be learnt from, and which columns are of the generator."""

from dataclasses import dataclass

from flashsim.drafts.names import words_of

MOMENTA = {"pt", "mass", "m", "msoftdrop", "energy", "sumet", "et", "ht", "px", "py", "pz", "mpx", "mpy"}
LENGTHS = {"vx", "vy", "vz", "dxy", "dz", "dxybs", "ip", "dlen", "d0", "z0"}
ANGLES = {"phi"}
RELATIVE = {"ratio", "rel", "corr", "sig", "significance", "score", "over", "frac", "ef", "iso", "mva", "raw", "sigma"}


WHOLE = ("pt", "eta", "phi", "mass", "m")
"""What jets and their generated ones have in common."""
PART = ("eta", "phi")
"""What an object in a jet and the generated jet have in common: where they are."""


@dataclass(frozen=True)
class Truth:
    """Generated objects that a collection may follow: a list of the file, and how the two belong together.

    `index` ends the name of the column that tells it, else it is the nearest within `radius`; `where` chooses among
    the objects, `pair` among pairs, both by names of the file. Their columns may also begin with one of `also`. What is
    reconstructed is learnt beside the same quantity of theirs where the two are `alike`.
    """

    prefix: str
    radius: float
    index: str | None = None
    where: str | None = None
    pair: str | None = None
    also: tuple[str, ...] = ()
    alike: tuple[str, ...] = ("pt", "eta", "phi")
    phi: str = "phi"
    eta: str = "eta"
    pt: str = "pt"

    @property
    def direction(self) -> tuple[str, str]:
        """The columns of η and φ."""
        return self.prefix + self.eta, self.prefix + self.phi


@dataclass(frozen=True)
class Neighbour:
    """The nearest object of another list, as a condition; `drawn` of a collection that is simulated before.

    The columns of places in that list begin with its name: `jetIdx` with ``jet``.
    """

    name: str
    prefix: str
    radius: float
    columns: tuple[str, ...]
    where: str | None = None
    drawn: bool = False


@dataclass(frozen=True)
class Plan:
    """A collection, from columns that begin with `prefix`, and what may lead to it.

    Of several candidates of truth it is the first that explains half of the objects, else the one that explains most.
    Of several plans for one list each has what those before it leave over.
    Without any it is one object an event; `vector` begins the names of what its pt and phi are a residual to, and
    `recoil` those of objects drawn before and of the generated ones, whose sums differ by what it balances.
    """

    name: str
    prefix: str
    truths: tuple[Truth, ...] = ()
    neighbours: tuple[Neighbour, ...] = ()
    also: tuple[str, ...] = ()
    vector: str | None = None
    recoil: tuple[str, str] | None = None

    @property
    def output(self) -> str:
        """The name of the list that it is written into."""
        return self.prefix.removesuffix("_")


@dataclass(frozen=True)
class Layout:
    """A kind of files; `plans` in the order of simulation, `events` the generator's numbers of an event."""

    name: str
    tree: str
    event: tuple[str, str]
    plans: tuple[Plan, ...]
    events: tuple[str, ...]
    drawn_events: tuple[str, ...] = ()
    momentum: str = "GeV"
    length: str = "cm"
    momenta: tuple[str, ...] = ()  # what else is one, by how names begin
    keep: tuple[str, ...] = ()
    links: tuple[tuple[str, str], ...] = ()  # index of a lepton to its jet, and what the jet calls its leptons

    @property
    def prefixes(self) -> tuple[str, ...]:
        """What the names of the columns begin with that are looked at."""
        found = [*self.events, *self.drawn_events, *self.event]
        for plan in self.plans:
            found += [plan.prefix, *plan.also, *(one for truth in plan.truths for one in (truth.prefix, *truth.also))]
            found += [neighbour.prefix for neighbour in plan.neighbours]
        return tuple(dict.fromkeys(found))

    def unit_of(self, suffix: str) -> str:
        """The unit of a column by the end of its name: kinematics have units, all else is a number."""
        words = ["".join(words_of(suffix)), *words_of(suffix)]
        if set(words) & RELATIVE:
            return ""
        if suffix in ("x", "y", "z"):
            return self.length
        for unit, known in ((self.momentum, MOMENTA), (self.length, LENGTHS), ("rad", ANGLES)):
            if known & {words[0], words[1], words[-1]}:
                return unit
        return self.momentum if suffix.startswith(self.momenta) and self.momenta else ""
