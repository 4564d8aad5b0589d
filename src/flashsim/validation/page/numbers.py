"""How numbers are printed: as many digits as their error allows."""

import math
from collections.abc import Callable
from typing import Any

from flashsim.validation.metrics import Measured, VariableMetrics

MISSING = "–"
MINUS = "−"


def with_error(measured: Measured, *, scientific: bool = True) -> str:
    """``0.512 ± 0.004``: two digits of the error (one from 3 on), and the value to the same place."""
    if measured.value is None:
        return MISSING
    error = measured.error
    if not error or not math.isfinite(error):
        return plain(measured.value)
    size = max(abs(measured.value), error)
    if scientific and (size >= 1e5 or size < 1e-3):
        power = math.floor(math.log10(size))
        value, spread = measured.value / 10.0**power, error / 10.0**power
        return f"({_to_error(value, spread)}) × 10{_raised(power)}"
    return _to_error(measured.value, error)


def plain(value: float | None, digits: int = 3) -> str:
    """A number to so many significant digits, thousands set apart by commas, without a trailing point."""
    if value is None:
        return MISSING
    if value == int(value) and abs(value) < 1e7:
        return f"{int(value):,}".replace("-", MINUS)
    if abs(value) >= 1e5 or abs(value) < 1e-3:
        mantissa, power = f"{value:.{digits - 1}e}".split("e")
        return f"{mantissa} × 10{_raised(int(power))}".replace("-", MINUS)
    places = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return f"{value:.{places}f}".replace("-", MINUS)


def ratio(measured: Measured) -> str:
    """A ratio with two decimals, so that a column of them is aligned."""
    if measured.value is None:
        return MISSING
    error = "" if measured.error is None else f" ± {measured.error:.2f}"
    return f"{measured.value:.2f}{error}"


def signed(value: float) -> str:
    """A difference with its sign and one decimal."""
    return f"{value:+.1f}".replace("-", MINUS)


def limit(value: float | None) -> str:
    """A limit as it stands in the card, or a null to the same few digits."""
    return MISSING if value is None else f"{value:.4g}"


def percent(measured: Measured) -> str:
    """A fraction as per cent, with its error."""
    if measured.value is None:
        return MISSING
    return f"{with_error(Measured(100 * measured.value, 100 * (measured.error or 0.0)))} %"


def shift_in_widths(variable: VariableMetrics) -> str:
    """How far the centre is shifted, in widths of the reference."""
    width, shift = variable.width.value, variable.centre_shift
    if not width or shift.value is None:
        return MISSING
    return with_error(Measured(shift.value / width, (shift.error or 0.0) / width), scientific=False)


def tail_ratio(variable: VariableMetrics) -> str:
    """The ratio of the first tails on both sides, the one with more of the reference in it."""
    first = [tail for tail in variable.tails if tail.sigmas == 3.0 and tail.ratio.error is not None]
    if not first:
        return MISSING
    return with_error(max(first, key=lambda tail: tail.reference.value or 0.0).ratio)


def over_null(variable: VariableMetrics) -> float:
    """The largest of a variable's Wasserstein ratios: the order of every list, worst first."""
    parts = (variable.wasserstein, variable.wasserstein_core, variable.wasserstein_tails)
    return max(part.over_null.value or 0.0 for part in parts)


def worst_first(variables: list[VariableMetrics]) -> list[VariableMetrics]:
    """Variables, worst first."""
    return sorted(variables, key=over_null, reverse=True)


def readable(value: Any) -> str:
    """A provenance entry in one line."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {readable(entry)}" for key, entry in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(readable(entry) for entry in value)
    return plain(value) if isinstance(value, float) else str(value)


def unit_text(unit: str) -> str:
    """A unit of the card as it is printed: ``mm^2`` becomes mm²."""
    raised = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
    parts = unit.split("^")
    return parts[0] + "".join(
        part[:2].translate(raised) + part[2:] if part.startswith("-") else part[:1].translate(raised) + part[1:]
        for part in parts[1:]
    )


def _to_error(value: float, error: float) -> str:
    places = -math.floor(math.log10(error))
    if error * 10.0**places < 2.95:
        places += 1
    places = max(0, places)
    return f"{value:.{places}f} ± {error:.{places}f}".replace("-", MINUS)


def _raised(power: int) -> str:
    return str(power).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


FILTERS: dict[str, Callable[..., Any]] = {
    "with_error": with_error,
    "plain": plain,
    "percent": percent,
    "ratio": ratio,
    "limit": limit,
    "signed": signed,
    "unit_text": unit_text,
    "shift_in_widths": shift_in_widths,
    "tail_ratio": tail_ratio,
    "worst_first": worst_first,
    "readable": readable,
}
