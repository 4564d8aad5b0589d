"""The names that formulas of a combination may use: columns of its daughters, and its summed four-momentum."""

from flashsim.card.comparison import KINEMATIC, Comparison


def column_of_daughter(name: str, comparison: Comparison) -> tuple[str, str] | None:
    """The daughter and its column that ``<daughter>_<column>`` names, or None for any other name."""
    daughters = [one for one in comparison.daughters or {} if name.startswith(one + "_")]
    if not daughters:
        return None
    daughter = max(daughters, key=len)
    return daughter, name[len(daughter) + 1 :]


def kinematic_names(comparison: Comparison) -> tuple[str, ...]:
    """What the four-momentum of the combination gives."""
    if comparison.momentum is None:
        return ()
    massive = all(daughter.mass is not None for daughter in (comparison.daughters or {}).values())
    return KINEMATIC if massive else tuple(name for name in KINEMATIC if name not in ("mass", "energy"))
