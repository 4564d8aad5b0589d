"""The generator's side of a collection: which columns, and what its stages read of them."""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Shaped

from flashsim.drafts.collections.contents import Contents
from flashsim.drafts.collections.plan import Layout, Neighbour, Plan, Truth
from flashsim.drafts.conditions import conditions_of
from flashsim.drafts.draft import Draft, Line
from flashsim.drafts.kinds import is_constant, kind_of_values
from flashsim.drafts.names import key_of, words_of
from flashsim.transforms.category import MOST_CLASSES

LABELS = {
    *("pdgId", "statusFlags", "charge", "hadronFlavour", "partonFlavour"),
    *("HadronConeExclTruthLabelID", "PartonTruthLabelID", "ConeTruthLabelID"),
    *("GhostBHadronsFinalCount", "GhostCHadronsFinalCount", "classifierParticleType", "classifierParticleOrigin"),
}
FLAGS = {0: "prompt", 2: "of a tau decay", 6: "of a hadron decay", 8: "of the hard process"}
"""The bits of `GenPart_statusFlags` that stages read."""
CHOSEN = "chosen"


@dataclass
class TruthSide:
    """Columns of truth by key, those of them that have a reconstructed partner by its suffix, and the conditions."""

    lines: dict[str, Line] = field(default_factory=dict)
    partners: dict[str, str] = field(default_factory=dict)
    given: list[str] = field(default_factory=list)
    of_events: list[str] = field(default_factory=list)


def declared(
    contents: Contents,
    layout: Layout,
    plan: Plan,
    truth: Truth | None,
    drawn: tuple[str, ...],
    draft: Draft,
    taken: set[str],
) -> TruthSide:
    """The columns that a collection may read: of the objects, their neighbours, and the event.

    The names of what was `drawn` before begin like this.
    """
    side = TruthSide()
    if truth is not None:
        for suffix, name in contents.of((truth.prefix, *truth.also), truth.prefix + truth.pt).items():
            quantity = _quantity(truth, suffix)
            if (quantity or suffix in LABELS) and contents.is_finite(name):
                key = key_of(f"gen_{suffix}", taken, "gen")
                side.lines[key] = Line(name, layout.unit_of(suffix.partition("_")[0] if quantity else suffix))
                if quantity is None or quantity in truth.alike:
                    side.partners[quantity or suffix] = key
        for neighbour in plan.neighbours:
            _add_neighbour(contents, layout, truth, neighbour, drawn, draft, side, taken)
    if plan.recoil is not None and plan.recoil[0] in drawn:
        _add_recoil(contents, layout, plan.recoil, draft, side, taken)
    for name in (*layout.events, *(one for one in layout.drawn_events if one.startswith(drawn))):
        if name in contents.numbers and contents.is_finite(name):
            key = key_of(name.rpartition(".")[2], taken, "event")
            side.lines[key] = Line(name, layout.unit_of(name.rpartition("_")[2]))
            side.of_events.append(key)
            if plan.vector and name.startswith(plan.vector):
                side.partners[name.removeprefix(plan.vector)] = key
    return side


def _quantity(truth: Truth, suffix: str) -> str | None:
    """What a column of truth says of the kinematics; masses of particles are those of their kind."""
    known = {truth.pt: "pt", truth.eta: "eta", truth.phi: "phi"}
    if "Jet" in truth.prefix or "Tau" in truth.prefix:
        known |= {"mass": "mass", "m": "m"}
    return known.get(suffix)


def _add_neighbour(
    contents: Contents,
    layout: Layout,
    truth: Truth,
    neighbour: Neighbour,
    drawn: tuple[str, ...],
    draft: Draft,
    side: TruthSide,
    taken: set[str],
) -> None:
    names = [neighbour.prefix + name for name in ("eta", "phi")]
    if not contents.has(*names) or (neighbour.drawn and neighbour.prefix not in drawn):
        return
    if neighbour.prefix == truth.prefix and neighbour.where is None:
        return  # it would be the object itself
    table: dict[str, object] = {"nearest": names, "to": list(truth.direction), "radius": neighbour.radius}
    draft.related[neighbour.name] = table | ({} if neighbour.where is None else {"where": neighbour.where})
    side.lines[key_of(f"{neighbour.name}_dr", taken, "gen")] = Line("dr", "", of=neighbour.name)
    if neighbour.drawn:
        side.lines[key_of(f"{neighbour.name}_index", taken, "gen")] = Line("index", "", of=neighbour.name)
    for suffix in neighbour.columns:
        name = neighbour.prefix + suffix
        if contents.has(names[0], name) and contents.is_finite(name):
            key = key_of(f"{neighbour.name}_{suffix}", taken, "gen")
            side.lines[key] = Line(name, layout.unit_of(suffix), of=neighbour.name)


def _add_recoil(
    contents: Contents, layout: Layout, recoil: tuple[str, str], draft: Draft, side: TruthSide, taken: set[str]
) -> None:
    """What the momenta of generated objects add up to beyond those that were drawn, along x and y."""
    drawn, generated = recoil
    if not all(contents.has(f"{prefix}pt", f"{prefix}phi") for prefix in recoil):
        return
    for axis, function in (("x", "cos"), ("y", "sin")):
        keys = []
        for prefix in (generated, drawn):
            key = key_of(f"sum_{prefix}p{axis}", taken, "sum")
            draft.related[key] = {"sum": f"{prefix}pt * {function}({prefix}phi)"}
            side.lines[key] = Line("sum", layout.momentum, of=key)
            keys.append(key)
        name = key_of(f"recoil_{axis}", taken, "sum")
        draft.derive[name] = " - ".join(keys)
        side.given.append(name)


def add_conditions(
    draft: Draft,
    side: TruthSide,
    columns: Mapping[str, Shaped[np.ndarray, " selected"]],
    needed: Container[str],
    taken: set[str],
) -> None:
    """What stages read of each column that varies among the objects; of the others only those `needed` stay."""
    for key, line in list(side.lines.items()):
        values = np.asarray(columns[key], dtype=np.float64)
        if line.source in ("index", "sum"):
            continue  # of which other things are made
        if is_constant(values):
            if key not in needed:
                del side.lines[key]
                side.of_events = [one for one in side.of_events if one != key]
            continue
        side.given += _conditions(draft, key, line, columns[key], taken)
    draft.columns = side.lines


def _conditions(
    draft: Draft, key: str, line: Line, values: Shaped[np.ndarray, " selected"], taken: set[str]
) -> list[str]:
    if key == "gen_statusFlags":
        bits = values.astype(np.int64)
        return [f"bit({key}, {bit})" for bit in FLAGS if not is_constant(bits >> bit & 1)]
    words = frozenset(words_of(key))
    whole = bool((values == np.round(values)).all())
    if whole and words & {"flavour", "label", "pdg", "status", "origin", "type"}:
        return _classes(draft, key, values, taken)
    if line.of is not None or (line.unit == "GeV" and values.min() <= 0):
        return [key]
    condition = conditions_of(key, values.astype(np.float64), kind_of_values(values, words), taken)
    if condition.category is not None:
        return [key]
    return list(condition.given)


def _classes(draft: Draft, key: str, values: Shaped[np.ndarray, " selected"], taken: set[str]) -> list[str]:
    """A flag for each kind, and the sign where particles and antiparticles are told apart."""
    numbers, counts = np.unique(np.abs(values.astype(np.int64)), return_counts=True)
    signed = bool(values.min() < 0 < values.max())
    given = [f"sign({key})"] if signed else []
    if len(numbers) > 1:
        frequent = np.sort(numbers[np.argsort(-counts, kind="stable")[:MOST_CLASSES]])
        name = key_of(f"{key}_class", taken, "gen")
        draft.categories[name] = (f"abs({key})" if values.min() < 0 else key, [int(number) for number in frequent])
        given.append(name)
    return given
