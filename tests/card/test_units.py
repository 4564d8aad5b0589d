"""Units convert to GeV, mm, ns, tesla and radians; anything else is refused with the nearest unit."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashsim.card import UNITS, factor
from flashsim.card.units import internal_unit
from flashsim.errors import FlashSimError


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("", 1),
        (" ", 1),
        ("1", 1),
        ("GeV", 1),
        ("MeV", 1e-3),
        ("TeV", 1e3),
        ("mm", 1),
        ("cm", 10),
        ("m", 1000),
        ("um", 1e-3),
        ("ns", 1),
        ("ps", 1e-3),
        ("s", 1e9),
        ("tesla", 1),
        ("T", 1),
        ("rad", 1),
        ("mrad", 1e-3),
        ("deg", math.pi / 180),
        ("1/GeV", 1),
        ("1/MeV", 1000),
        ("mm^2", 1),
        ("cm^2", 100),
        ("cm^-2", 0.01),
        ("mm*1/GeV", 1),
        ("cm/MeV", 1e4),
        ("cm / MeV^2 * m", 1e10),
        ("m/s", 1e-6),
    ],
)
def test_factors(unit: str, expected: float):
    assert factor(unit) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("unit", "message"),
    [
        ("Gev", "unknown unit 'Gev' (did you mean 'GeV'?); known are eV, keV"),
        ("furlong", "unknown unit 'furlong'"),
        ("GeV/c", "here c = 1"),
        ("mm^", "cannot read the unit 'mm^'"),
        ("mm**2", "cannot read the unit 'mm**2'"),
        ("2*mm", "'2' is neither a name"),
        ("mm/", "cannot read the unit 'mm/'"),
        ("mm^10", "powers go up to 9"),
        ("(mm)", "cannot read"),
        ("mm*" * 50 + "mm", "at most 80"),
    ],
)
def test_wrong_units(unit: str, message: str):
    with pytest.raises(FlashSimError) as caught:
        factor(unit)
    assert message in str(caught.value)


@given(st.one_of(st.text(max_size=20), st.text(alphabet="GeVm1*/^-2 s", max_size=20)))
def test_arbitrary_text_is_a_unit_or_refused(text: str):
    value, refusal = 1.0, "unit"
    try:
        value = factor(text)
    except FlashSimError as error:
        refusal = str(error)
    assert 0 < value < math.inf
    assert "unit" in refusal


@given(st.sampled_from(sorted(UNITS)), st.sampled_from(sorted(UNITS)), st.integers(-3, 3))
def test_products_of_units_are_products_of_factors(one: str, two: str, power: int):
    assert factor(f"{one}*{two}") == pytest.approx(factor(one) * factor(two))
    assert factor(f"{one}/{two}") == pytest.approx(factor(one) / factor(two))
    assert factor(f"{one}^{power}") == pytest.approx(factor(one) ** power)


@pytest.mark.parametrize(
    ("unit", "expected"),
    [("MeV", "GeV"), ("1/MeV", "1/GeV"), ("cm^2", "mm^2"), ("mrad*kG/ps", "rad*tesla/ns"), ("", "")],
)
def test_internal_unit(unit: str, expected: str):
    assert internal_unit(unit) == expected


@pytest.mark.parametrize("unit", UNITS)
def test_every_unit_has_an_internal_one(unit: str):
    assert factor(internal_unit(unit)) == 1
