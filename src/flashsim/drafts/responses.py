"""How a reconstructed column is learnt: as a residual or a ratio to the generator's, as itself, or not at all."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from flashsim.drafts.draft import Learnt
from flashsim.drafts.kinds import Kind, spikes_of

TURN = 6.283185307179586
WIDE = 10.0
WHOLE = ("integer", "flag", "category")


@dataclass(frozen=True)
class Response:
    """The variable that is learnt and its name (None: the column is copied), and the way back from it."""

    name: str
    learnt: Learnt | None
    formula: str
    why: str


@dataclass(frozen=True)
class Side:
    """One of a pair of columns: its name in the card, its values in FlashSim's units, and what they are like."""

    key: str
    values: Float[np.ndarray, " n"]
    kind: Kind


def is_copy(reconstructed: Side, truth: Side) -> bool:
    """Whether a column repeats what the generator says, as a label of truth does."""
    return bool(np.array_equal(reconstructed.values, truth.values))


def copied(truth: Side) -> Response:
    """The response of such a column."""
    return Response("", None, truth.key, f"equal to {truth.key}: copied")


def paired(rec: Side, gen: Side, unit: str) -> Response | None:
    """What is learnt of a column whose generated value is known, both in `unit`; None: the column itself, as it is."""
    if rec.kind.type in WHOLE or gen.kind.type in WHOLE:
        return None
    if rec.kind.type == "angle":
        return angle(rec, gen)
    if rec.kind.type == "atoms" and rec.kind.values != (0.0,):
        return None
    if gen.values.min() > 0 and _has_scale(gen, unit):
        return ratio(rec, gen) if rec.values.min() >= 0 else _relative(rec, gen)
    return _difference(rec, gen, unit)


def _has_scale(gen: Side, unit: str) -> bool:
    """Whether errors grow with a quantity: those of momenta do, and those of numbers over a wide range."""
    low, high = np.quantile(gen.values, [0.001, 0.999])
    return unit == "GeV" or (not unit and bool(high > WIDE * low))


def angle(rec: Side, gen: Side) -> Response:
    """The difference of two azimuths, the short way round."""
    name = f"{rec.key}_residual"
    total = f"{gen.key} + {name}"
    formula = f"({total}) % {TURN}" if rec.values.max() > np.pi + 1e-3 else f"arctan2(sin({total}), cos({total}))"
    learnt = Learnt(Kind("angle", "difference of two angles"), f"{rec.key} - {gen.key}", "rad")
    return Response(name, learnt, formula, f"angle to {gen.key}")


def ratio(rec: Side, gen: Side) -> Response:
    """The ratio of two quantities above 0."""
    quotient = rec.values / gen.values
    kind = _with_spikes(quotient, Kind("positive", "ratio of two positive values"), positive=True)
    low, high = np.quantile(quotient, [0.01, 0.99])
    why = f"ratio to {gen.key}, {low:.3g} to {high:.3g} for 98 %"
    return Response(f"{rec.key}_ratio", Learnt(kind, f"{rec.key} / {gen.key}"), f"{gen.key} * {rec.key}_ratio", why)


def _relative(rec: Side, gen: Side) -> Response:
    residual = rec.values / gen.values - 1
    kind = _with_spikes(residual, Kind("continuous", "relative difference"), positive=False)
    low, high = np.quantile(residual, [0.01, 0.99])
    why = f"relative difference from {gen.key}, {low:.3g} to {high:.3g} for 98 %"
    name = f"{rec.key}_residual"
    return Response(name, Learnt(kind, f"{rec.key} / {gen.key} - 1"), f"{gen.key} * (1 + {name})", why)


def _difference(rec: Side, gen: Side, unit: str) -> Response:
    residual = rec.values - gen.values
    kind = _with_spikes(residual, Kind("continuous", "difference of two values"), positive=False)
    low, high = np.quantile(residual, [0.01, 0.99])
    why = f"difference from {gen.key}, {low:.3g} to {high:.3g}{unit and ' '}{unit} for 98 %"
    learnt = Learnt(kind, f"{rec.key} - {gen.key}", unit)
    return Response(f"{rec.key}_residual", learnt, f"{gen.key} + {rec.key}_residual", why)


def _with_spikes(values: Float[np.ndarray, " n"], kind: Kind, *, positive: bool) -> Kind:
    """The same kind, unless some values are exactly one number, as the residual 0 of what is not measured at all."""
    unique, counts = np.unique(values.astype(np.float32).astype(np.float64), return_counts=True)
    spikes = set(spikes_of(unique, counts)) | ({0.0} if positive and unique[0] == 0 else set())
    return Kind("atoms", f"{kind.why}, with spikes", values=tuple(sorted(spikes))) if spikes else kind
