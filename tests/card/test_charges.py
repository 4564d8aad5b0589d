"""Charges are those of the Particle Data Group, for every particle that it lists."""

import subprocess
import sys

import numpy as np
import pytest
from particle import PDGID, Particle

from flashsim.card.charges import charge


@pytest.mark.parametrize(
    ("pid", "expected"),
    [
        (13, -1),  # μ⁻
        (-11, 1),  # e⁺
        (211, 1),  # π⁺
        (2, 2 / 3),  # u
        (-1, 1 / 3),  # d̄
        (3112, -1),  # Σ⁻
        (3222, 1),  # Σ⁺
        (2224, 2),  # Δ⁺⁺
        (22, 0),
        (130, 0),
        (1000020040, 2),  # α
        (-1000020040, -2),
        (1000822080, 82),  # lead, bare
        (1000922351, 92),  # an excited state that no table lists
        (0, 0),
        (9_999_999_999, 0),  # no such particle
        (13.5, 0),
        (1e300, 0),
        (-(2**60), 0),
    ],
)
def test_charges(pid: float, expected: float):
    assert charge(np.array([pid]))[0] == pytest.approx(expected)


def test_all_particles_agree_with_the_table():
    table = [particle for particle in Particle.all() if particle.three_charge is not None]
    ids = np.array([int(particle.pdgid) for particle in table])
    expected = np.array([particle.three_charge for particle in table]) / 3
    assert len(ids) > 500
    np.testing.assert_array_equal(charge(ids), expected)


OWN_ANTIPARTICLES = (219, 110215)
"""Charged states that particle's table takes for their own antiparticles."""


def test_an_antiparticle_has_the_opposite_charge():
    """Of every number of the table; what is its own antiparticle is neutral."""
    pairs = [(int(one.pdgid), int(one.invert().pdgid)) for one in Particle.all() if one.pdgid not in OWN_ANTIPARTICLES]
    ids, anti = np.array(pairs).T
    assert (anti == -ids).mean() > 0.5
    np.testing.assert_array_equal(charge(anti), -charge(ids))
    assert charge(np.array([-219, 219])).tolist() == [-1, 1]


def test_particles_that_no_table_lists_are_charged_as_their_number_says():
    """H⁺, W′⁺, b′, and all numbers that the scheme knows."""
    assert charge(np.array([37, -37, 34, 7])).tolist() == pytest.approx([1, -1, 1, -1 / 3])
    known = {int(particle.pdgid) for particle in Particle.all()}
    unlisted = [number for number in range(-9999, 9999, 7) if number not in known and PDGID(number).is_valid]
    assert len(unlisted) > 500
    np.testing.assert_array_equal(charge(np.array(unlisted)), [(PDGID(one).three_charge or 0) / 3 for one in unlisted])


def test_the_charge_of_a_nucleus_is_its_number_of_protons():
    """All of them, whether a table lists them or not, also excited (I) and made of antimatter: 10LZZZAAAI."""
    protons, neutrons, excited = np.meshgrid(np.arange(1, 119), np.arange(0, 181), np.arange(10), indexing="ij")
    ids = 1_000_000_000 + 10_000 * protons + 10 * (protons + neutrons) + excited
    np.testing.assert_array_equal(charge(ids), protons)
    np.testing.assert_array_equal(charge(-ids), -protons)
    assert charge(np.array([1000000010]))[0] == 0  # a neutron as a nucleus


def test_a_hypernucleus_is_charged_as_a_nucleus():
    """³ΛH: one proton, one neutron and a Λ."""
    assert charge(np.array([1010010030]))[0] == 1


def test_numbers_that_are_unknown_are_neutral():
    """A documented value, not an error: generators write numbers of their own for what never reaches the detector."""
    known = {int(particle.pdgid) for particle in Particle.all()}
    unknown = [number for number in range(1, 9999) if number not in known and not PDGID(number).is_valid]
    assert len(unknown) > 2000
    np.testing.assert_array_equal(charge(np.array(unknown)), 0)


def test_shape_and_nan():
    assert charge(np.zeros((0,))).shape == (0,)
    np.testing.assert_array_equal(charge(np.array([[13, np.nan], [np.inf, -13]])), [[-1, 0], [0, 1]])


THREADS = """
import threading
import numpy as np
from flashsim.card.charges import charge
start, found = threading.Barrier(8), []
def ask():
    start.wait()
    found.append(charge(np.array([11.0, -11.0, 22.0, 211.0])).tolist())
threads = [threading.Thread(target=ask) for _ in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
assert found == [[-1.0, 1.0, 0.0, 1.0]] * 8, found
"""


def test_threads_that_ask_first_at_once_get_the_same_charges() -> None:
    """In a fresh process: the table of particles is loaded at the first question, and loading takes a while."""
    subprocess.run([sys.executable, "-c", THREADS], check=True)
