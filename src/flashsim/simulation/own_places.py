"""Places in the list that an object is in itself: when more objects come into this list, they move."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Int64, Shaped

from flashsim.card import Card, branch_of, written_as
from flashsim.card.functions import FUNCTIONS
from flashsim.card.nodes import Call, Name, Node
from flashsim.events import ColumnSource
from flashsim.stages import parsed


def own_places(card: Card, sources: Mapping[str, ColumnSource]) -> set[str]:
    """The written columns of a collection, as ends of their names, that are places among those drawn before of its own
    list: the index of a rule, or one of several, or none, by `where`.
    """
    own = branch_of(card.output.name, "")
    indices = {
        name
        for name, source in sources.items()
        if source.name == "index" and source.relation is not None and source.relation.others[0].startswith(own)
    }
    formulas = {name: card.reconstructed[name].formula for name in card.output.columns if name in card.reconstructed}
    return {
        written_as(card, name).removeprefix(own)
        for name, formula in formulas.items()
        if formula is not None and _is_place(parsed(formula).tree, indices)
    }


def _is_place(tree: Node, indices: set[str]) -> bool:
    """Whether a formula is an index as it is; or a choice, by `where`, that may come to one."""
    match tree:
        case Name(name):
            return name in indices
        case Call(function, (_, *choices)) if function is FUNCTIONS["where"].apply:
            return any(_is_place(one, indices) for one in choices)
        case _:
            return False


def moved(
    places: Shaped[np.ndarray, " objects"],
    event: Int64[np.ndarray, " objects"],
    offsets: Int64[np.ndarray, " boundaries"],
    now: Int64[np.ndarray, " before"],
) -> Shaped[np.ndarray, " objects"]:
    """Places of objects, in these events, in a list with these `offsets`, after its objects came to the places `now`.

    What is no place, as −1, stays what it is.
    """
    known = places.astype(np.int64)
    valid = (known >= 0) & (known < np.diff(offsets)[event])
    found = places.copy()
    found[valid] = now[offsets[event[valid]] + known[valid]]
    return found
