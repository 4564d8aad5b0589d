"""Laws of paths: what every field keeps, and what each is by theory."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtr
from truth import BELL, FIELDS, MAP, TILTED, bell_strength, integrated, particles

from flashsim.propagation import Bell, FieldMap, Kick, UniformAcross, UniformAlong, propagate

KAPPA = 0.299792458e-3  # GeV / (T mm)
PLANE = 9400.0
every_field = pytest.mark.parametrize("name", FIELDS)


def strong(name: str) -> float:
    """The lowest momentum of test particles: those of one GeV turn round in a dipole."""
    return 1.0 if name in ("none", "solenoid", "short solenoid") else 5.0


@every_field
def test_the_momentum_is_kept(name: str):
    position, momentum, charge = particles(500, seed=1, lowest=strong(name))
    found = propagate(position, momentum, charge, PLANE, FIELDS[name])
    assert found["reached"].mean() > 0.9
    after = np.stack([found["px"], found["py"], found["pz"]], axis=1)
    np.testing.assert_allclose(np.linalg.norm(after, axis=1), np.linalg.norm(momentum, axis=1), rtol=1e-13)
    np.testing.assert_allclose(found["tx"], found["px"] / found["pz"], rtol=1e-13)


@every_field
def test_there_and_back_again(name: str):
    """Through a map within micrometres: steps are counted from other planes, over other kinks between its cells."""
    field = FieldMap(MAP.grid, 100.0) if name == "map" else FIELDS[name]
    within = 5e-3 if name == "map" else 2e-8  # mm
    position, momentum, charge = particles(5, seed=2, lowest=strong(name))
    there = propagate(position, momentum, charge, PLANE, field)
    assert there["reached"].all()
    place, direction = (np.stack([there[one] for one in three], axis=1) for three in (("x", "y", "z"), PXYZ))
    for row in range(5):  # a plane is one number
        one = slice(row, row + 1)
        back = propagate(place[one], direction[one], charge[one], float(position[row, 2]), field, backward=True)
        assert back["reached"].all()
        np.testing.assert_allclose([back["x"][0], back["y"][0]], position[row, :2], atol=within)
        np.testing.assert_allclose(
            [back[part][0] for part in PXYZ], momentum[row], atol=1e-5 if name == "map" else 1e-11
        )
        np.testing.assert_allclose(back["path"], -there["path"][one], rtol=1e-6)


PXYZ = ("px", "py", "pz")


@every_field
def test_nobody_depends_on_the_others(name: str, monkeypatch: pytest.MonkeyPatch):
    """Neither blocks nor order nor company change a bit."""
    position, momentum, charge = particles(60, seed=3, lowest=0.5)
    position[::7, 2] = 3500.0  # born on the way
    wanted = propagate(position, momentum, charge, PLANE, FIELDS[name])
    order = np.random.default_rng(0).permutation(60)[:40]
    for block in (1000, 64, 7):
        monkeypatch.setattr("flashsim.propagation.paths._BLOCK", block)
        monkeypatch.setattr("flashsim.propagation.states._BLOCK", block // 2)
        found = propagate(position[order], momentum[order], charge[order], PLANE, FIELDS[name])
        for part, values in found.items():
            assert values.tobytes() == wanted[part][order].tobytes(), part


@every_field
def test_neutral_particles_go_straight(name: str):
    position, momentum, _ = particles(100, seed=4)
    found = propagate(position, momentum, np.zeros(100), PLANE, FIELDS[name])
    depth = PLANE - position[:, 2]
    assert found["reached"].all()
    for axis, part in enumerate("xy"):
        straight = position[:, axis] + momentum[:, axis] / momentum[:, 2] * depth
        np.testing.assert_allclose(found[part], straight, atol=1e-9)
    np.testing.assert_allclose(found["path"], depth * np.linalg.norm(momentum, axis=1) / momentum[:, 2], rtol=1e-13)


@pytest.mark.parametrize("sense", [1, -1])
def test_a_helix_by_complex_numbers(sense: int):
    """In the plane the direction turns by -κ q B / p a millimetre, which is integrated by hand."""
    position, momentum, charge = particles(500, seed=5, lowest=0.3)
    momentum[:, 2] *= sense
    strength, plane = 3.8, sense * 3000.0
    found = propagate(position, momentum, charge, plane, UniformAlong(strength))
    assert found["reached"].all()
    p = np.linalg.norm(momentum, axis=1)
    path = (plane - position[:, 2]) * p / momentum[:, 2]
    turn = KAPPA * charge * strength / p
    direction = (momentum[:, 0] + 1j * momentum[:, 1]) / p
    place = position[:, 0] + 1j * position[:, 1] + direction * (1 - np.exp(-1j * turn * path)) / (1j * turn)
    after = p * direction * np.exp(-1j * turn * path)
    np.testing.assert_allclose(found["x"] + 1j * found["y"], place, atol=1e-9)
    np.testing.assert_allclose(found["px"] + 1j * found["py"], after, atol=1e-12)
    np.testing.assert_allclose(found["path"], path, rtol=1e-13)
    radius = np.abs(after) / (KAPPA * np.abs(charge) * strength)
    assert np.all(np.abs(place - (position[:, 0] + 1j * position[:, 1])) <= 2 * radius + 1e-9)


EXACT = {
    "solenoid": (UniformAlong(3.8), lambda x, y, z: (0.0, 0.0, 3.8), 3000.0),
    "dipole": (UniformAcross(0.3, 1.1), lambda x, y, z: (0.3, 1.1, 0.0), 3000.0),
    "bell": (BELL, lambda x, y, z: (0.0, float(bell_strength(BELL, z)), 0.0), 9400.0),
    "tilted bell": (
        TILTED,
        lambda x, y, z: (float(bell_strength(TILTED, z)) * -900 / 2500, float(bell_strength(TILTED, z)), 0.0),
        9400.0,
    ),
}


@pytest.mark.parametrize("sense", [1, -1], ids=["downstream", "upstream"])
@pytest.mark.parametrize("name", EXACT)
def test_the_equation_of_motion(name: str, sense: int):
    """Also of particles that fly upstream, through the same field."""
    field, strength, plane = EXACT[name]
    position, momentum, charge = particles(25, seed=6, lowest=4.0)
    if sense < 0:
        momentum[:, 2] *= -1
        position[:, 2] += plane
        plane = 0.0
    found = propagate(position, momentum, charge, plane, field)
    assert found["reached"].sum() > 20
    for row in np.flatnonzero(found["reached"]):
        wanted = integrated(position[row], momentum[row], charge[row], plane, strength)
        assert [found[part][row] for part in ("x", "y")] == pytest.approx(wanted[:2], abs=2e-7)  # 0.2 nm
        assert [found[part][row] for part in PXYZ] == pytest.approx(wanted[2:5], abs=1e-10)
        assert found["path"][row] == pytest.approx(wanted[5], abs=1e-6)


def test_a_kick_is_the_integral_of_a_short_field():
    """What a kick changes is κ q ∫B dz, and a bell of the same integral does the same as it becomes short."""
    position, momentum, charge = particles(200, seed=7, lowest=10.0)
    kicked = propagate(position, momentum, charge, PLANE, Kick(5000.0, 0.0, 4000.0))
    np.testing.assert_allclose(kicked["px"], momentum[:, 0] - KAPPA * charge * 4000.0, rtol=1e-12)
    np.testing.assert_allclose(kicked["py"], momentum[:, 1], rtol=1e-12)
    differences = []
    for width in (400.0, 200.0, 100.0):
        bell = propagate(position, momentum, charge, PLANE, Bell(0.0, 4000.0, 5000.0, width))
        np.testing.assert_allclose(bell["px"], kicked["px"], atol=1e-10)
        differences.append(np.abs(bell["x"] - kicked["x"]).mean())
    assert differences[0] / differences[1] == pytest.approx(2, rel=0.1)  # the first order in the width
    assert differences[1] / differences[2] == pytest.approx(2, rel=0.1)


def test_a_kick_is_for_those_that_cross_its_plane():
    kick = Kick(5000.0, 0.0, 4000.0)
    position = np.array([[0.0, 0, 0], [0, 0, 4999], [0, 0, 5000], [0, 0, 5001], [0, 0, 9000]])
    momentum = np.tile([0.0, 0, 20], (5, 1))
    found = propagate(position, momentum, np.ones(5), PLANE, kick)
    assert (found["px"] < -1).tolist() == [True, True, False, False, False]
    upstream = propagate(position, -momentum, np.ones(5), -100.0, kick)
    assert (upstream["px"] > 1).tolist() == [False, False, True, True, True]


WAYS = {
    "flies away": ([0, 0, 0], [0, 0, -5.0], 1.0),
    "flies across": ([0, 0, 0], [5.0, 0, 0], 1.0),
    "almost across": ([0, 0, 0], [5.0, 0, 0.2], 1.0),
    "has no momentum": ([1, 2, 3], [0, 0, 0], 1.0),
    "is born beyond": ([1, 2, 9401], [0, 0.1, 5.0], 1.0),
}


@every_field
@pytest.mark.parametrize("way", WAYS)
def test_what_has_not_reached_the_plane_stays_as_it_was_born(way: str, name: str):
    position, momentum, charge = (np.array([one], dtype=float) for one in WAYS[way])
    found = propagate(position, momentum, charge, PLANE, FIELDS[name])
    assert not found["reached"][0]
    assert [found[part][0] for part in ("x", "y", "z", *PXYZ)] == [*position[0], *momentum[0]]
    assert found["path"][0] == 0
    assert np.isfinite([found["tx"][0], found["ty"][0]]).all()


@pytest.mark.parametrize("name", ["kick", "dipole", "bell", "map"])
def test_what_turns_back_in_a_dipole_has_not_reached_the_plane(name: str):
    """Below the kick in transverse momentum none passes; high above all do."""
    position = np.zeros((40, 3))
    p = np.linspace(0.05, 20, 40)
    momentum = np.stack([0 * p, 0 * p, p], axis=1)
    found = propagate(position, momentum, np.ones(40), PLANE, FIELDS[name])
    assert not found["reached"][p < 0.7].any()
    assert found["reached"][p > 2.0].all()
    lost = ~found["reached"]
    assert found["z"][lost].tolist() == [0.0] * int(lost.sum())
    assert all(np.isfinite(values).all() for values in found.values())


def test_decays_and_conversions_start_where_they_happen():
    """A daughter feels what is left of the field; its neutral mother felt nothing of it."""
    position = np.array([[0.0, 0, z] for z in (0, 4000, 5000, 6000, 8500)])
    momentum = np.tile([0.0, 0, 10], (5, 1))
    found = propagate(position, momentum, np.ones(5), PLANE, BELL)
    share = ndtr((PLANE - 5000) / 1100) - ndtr((position[:, 2] - 5000) / 1100)
    np.testing.assert_allclose(found["px"], -KAPPA * 4000 * share, rtol=1e-11)
    traced = propagate(np.array([[0.0, 0, 9500]]), momentum[:1], np.ones(1), PLANE, BELL, backward=True)
    assert traced["reached"][0]
    assert traced["path"][0] == pytest.approx(-100)
    assert traced["z"][0] == PLANE


@every_field
def test_what_is_no_number_stays_none(name: str):
    position, momentum, charge = particles(4, seed=8)
    position[1, 0], momentum[2, 1], charge[3] = np.nan, np.inf, np.nan
    found = propagate(position, momentum, charge, PLANE, FIELDS[name])
    assert found["reached"].tolist() == [True, False, False, False]
    for part, values in found.items():
        if part != "reached":
            assert np.isnan(values).tolist() == [False, True, True, True], part


numbers = st.floats(allow_nan=False, allow_infinity=False, width=64)


@given(st.lists(st.tuples(*[numbers] * 7), min_size=1, max_size=8), st.sampled_from(sorted(FIELDS)), st.booleans())
def test_any_finite_numbers_give_finite_numbers(rows, name: str, backward: bool):
    table = np.array(rows)
    found = propagate(table[:, :3], table[:, 3:6], table[:, 6], PLANE, FIELDS[name], backward=backward)
    for part, values in found.items():
        assert np.isfinite(values).all(), part
    assert (found["z"][found["reached"]] == PLANE).all()


def test_no_particles_give_no_numbers():
    found = propagate(np.empty((0, 3)), np.empty((0, 3)), np.empty(0), PLANE, FIELDS["map"])
    assert {values.shape for values in found.values()} == {(0,)}
