"""How numbers of several rounds are written."""

from statistics import median


def spread(values: list[float], form: str) -> str:
    """The median, and the lowest and highest."""
    return f"{median(values):{form}} ({min(values):{form}} – {max(values):{form}})"
