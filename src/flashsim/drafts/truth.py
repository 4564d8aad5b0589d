"""The generator's side of a card: its columns, and the conditions that every stage reads."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Shaped

from flashsim.card import Expression, factor
from flashsim.drafts.conditions import conditions_of, momentum_axes
from flashsim.drafts.draft import Draft, Guess, Line
from flashsim.drafts.kinds import kind_of_values
from flashsim.drafts.names import Named, key_of, words_of
from flashsim.drafts.responses import Side


def add_truth(
    draft: Draft,
    names: list[Named],
    columns: Mapping[str, Shaped[np.ndarray, " objects"]],
    units: Mapping[str, str],
    taken: set[str],
) -> tuple[dict[str, Side], list[str]]:
    """Declare the columns of truth in the draft; give them by stem, and the conditions."""
    sides: dict[str, Side] = {}
    given: list[str] = []
    for named in names:
        key = key_of(named.name, taken, "gen")
        values = columns[named.name].astype(np.float64) * factor(units[named.name])
        kind = kind_of_values(values, frozenset(words_of(named.name)))
        sides.setdefault(named.stem, Side(key, values, kind))
        draft.columns[key] = Line(named.name, units[named.name])
        condition = conditions_of(key, values, kind, taken)
        if condition.category is not None:
            name, expression, classes = condition.category
            draft.categories[name] = (expression, classes)
            taken.add(name)
        given += condition.given
        draft.guesses.append(Guess(named.name, "truth", f"{named.why}; {condition.why}"))
    return sides, _with_size_and_direction(draft, sides, given, taken)


def _with_size_and_direction(draft: Draft, sides: dict[str, Side], given: list[str], taken: set[str]) -> list[str]:
    """The conditions with p, eta and azimuth instead of Cartesian momenta, where these are finite."""
    axes = momentum_axes({stem: side.key for stem, side in sides.items()})
    if axes is None or {"p", "pt", "eta"} & taken:
        return given
    x, y, z = axes
    values = {side.key: side.values for side in sides.values()}
    if np.hypot(values[x], values[y]).min() == 0:
        return given
    for name, text in {
        "p": f"sqrt({x}**2 + {y}**2 + {z}**2)",
        "pt": f"hypot({x}, {y})",
        "eta": f"arcsinh({z} / pt)",
    }.items():
        draft.derive[name] = text
        taken.add(name)
        values[name] = Expression.parse(text).evaluate(values.__getitem__, np.array([0, len(values[x])]))
        # What is derived may have a reconstructed counterpart as well.
        sides.setdefault(name, Side(name, values[name], kind_of_values(values[name])))
    others = [text for text in given if not Expression.parse(text).names & set(axes)]
    return ["log10(p)", "eta", f"{x} / pt", f"{y} / pt", *others]
